import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linesOf, theInstance } from '../playbook/fleet.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-bad-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function complaints(files: Readonly<Record<string, string | Uint8Array>>, app = 'compose: compose.yml'): string[] {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const text = `- hosts: fe1\n  balancer: { backend: b }\n  apps:\n  - name: web\n    service: web\n    ${app}\n`;
  const lines = linesOf(() => theInstance(text, undefined, { playbookDir: folder, controller: {} }));
  return lines.map((line) => line.replaceAll(`${folder}/`, '').replace(/, on fe1$/, ''));
}

const web = (body: string): string => `services:\n  web:\n    image: shop\n    ${body}\n`;

describe('a compose file that is wrong', () => {
  it.each<[string, string, string]>([
    ['a list', '- a\n', 'compose.yml:1:1: is no compose file: its top is a mapping'],
    ['empty', '', 'compose.yml:1:1: is no compose file: its top is a mapping'],
    [
      'no YAML',
      'services: [',
      'compose.yml:1:12: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['two documents', 'a: 1\n---\nb: 1\n', 'compose.yml:2:1: holds several documents, only one is expected'],
    ['services as a list', 'services: [web]', 'compose.yml:1:11: services: should be a mapping'],
    ['no services', 'volumes: {}\n', 'compose.yml:1:1: there is no service web (there are none)'],
    ['another service', 'services: { wab: {} }', 'compose.yml:1:1: there is no service web (did you mean "wab"?)'],
    ['an unknown key', 'servces: {}\n', 'compose.yml:1:1: servces: is no known key (did you mean "services"?)'],
    [
      'include',
      'include: [a]\nservices: {}\n',
      'compose.yml:1:1: include: is not supported: name all files under compose, they are merged',
    ],
    ['a service that is a text', 'services: { web: shop }', 'compose.yml:1:18: services.web: should be a mapping'],
    ['no image', 'services: { web: { user: "1" } }', 'compose.yml:1:18: services.web.image: is required'],
    ['a key twice', web('user: a\n    user: b'), 'compose.yml:5:5: "user" is written twice'],
    [
      'a wrong type',
      web('ports: 80'),
      'compose.yml:4:12: services.web.ports: should be a list of ports such as "127.0.0.1:8081:8080", is 80',
    ],
    [
      'a key with a slip',
      web('enviroment: {}'),
      'compose.yml:4:5: services.web.enviroment: is no known key (did you mean "environment"?)',
    ],
    [
      'a key of build',
      web('build: { contxt: . }'),
      'compose.yml:4:22: services.web.build.contxt: should be left out: it is no known key',
    ],
    [
      'links',
      web('links: [db]'),
      'compose.yml:4:5: services.web.links: is not supported: containers know each other by their names on a network: say networks',
    ],
    ['a secret', web('secrets: [a]'), 'compose.yml:4:15: services.web.secrets[0]: a is declared nowhere under secrets'],
    [
      'a relative volume',
      web('volumes: ["./a:/a"]'),
      'compose.yml:4:15: services.web.volumes[0]: should be a volume such as "/srv/data:/data:ro" or "cache:/cache", is "./a:/a" (a path of the host must be absolute: the containers run on other machines)',
    ],
    [
      'an unknown volume',
      web('volumes: ["data:/a"]'),
      'compose.yml:4:15: services.web.volumes: the volume data is declared nowhere under volumes',
    ],
    [
      'an unknown network',
      web('networks: [front]'),
      'compose.yml:4:16: services.web.networks.front: is declared nowhere under networks',
    ],
    [
      'an unknown dependency',
      web('depends_on: [db]'),
      'compose.yml:4:18: services.web.depends_on.db: there is no such service',
    ],
    [
      'another name',
      web('container_name: other'),
      "compose.yml:4:5: services.web.container_name: is other, but the app's container is web: make both the same",
    ],
    [
      'the network of a service',
      web('network_mode: service:db'),
      'compose.yml:4:19: services.web.network_mode: should be a network mode such as bridge, host, container:NAME or the name of a network, is "service:db"',
    ],
    [
      'a variable that is not set',
      web('user: $GONE'),
      'compose.yml:4:11: the variable GONE is not set (write ${GONE:-} where it may be left out)',
    ],
    [
      'a variable that is required',
      web('user: ${GONE:?say who}'),
      'compose.yml:4:11: the variable GONE is not set: say who',
    ],
    [
      'an open brace',
      web('user: "${A"'),
      'compose.yml:4:11: a "${" is not closed with "}" (write $$ for a dollar sign)',
    ],
    [
      'a dollar sign in a password',
      web('environment: { DB_PASSWORD: "ab$cd12" }'),
      'compose.yml:4:33: it names a variable that is not set (write $$ for a dollar sign)',
    ],
    [
      'a dollar sign in a password in a list',
      web('environment: ["DB_PASSWORD=ab$cd12"]'),
      'compose.yml:4:19: it names a variable that is not set (write $$ for a dollar sign)',
    ],
    ['an anchor that is not set', web('user: *a'), 'compose.yml:4:11: *a refers to an anchor that is not set above it'],
    ['an anchor in itself', web('labels: &a { a: *a }'), 'compose.yml:4:21: *a refers to itself'],
    [
      'a service that extends itself',
      web('extends: { service: web }'),
      'compose.yml:4:14: services.web.extends: goes in a circle: compose.yml web → compose.yml web',
    ],
    [
      'a base that is not there',
      web('extends: { service: base }'),
      'compose.yml:4:14: services.web.extends: compose.yml has no service base',
    ],
    [
      'a file that is not there',
      web('extends: { service: base, file: gone.yml }'),
      'compose.yml:4:14: services.web.extends: there is no file gone.yml',
    ],
    ['extends without a service', web('extends: {}'), 'compose.yml:4:14: services.web.extends: needs a service'],
    [
      'an image with a command in it',
      'services:\n  web:\n    image: "shop; rm -rf /"\n',
      'compose.yml:3:12: services.web.image: should be an image such as "registry.example.com/shop:1.4", is "shop; rm -rf /"',
    ],
    [
      'a network with a command in it',
      `${web('networks: [n]')}networks: { n: { name: "x; shutdown" } }\n`,
      'compose.yml:5:24: networks.n.name: is no name: "x; shutdown"',
    ],
    [
      'a volume with a line feed in it',
      `${web('volumes: ["v:/a"]')}volumes: { v: { name: "a\\nb" } }\n`,
      'compose.yml:5:23: volumes.v.name: is no name: "a\\nb"',
    ],
    [
      'a project with a quote in it',
      `name: "a'b"\n${web('user: "1"')}`,
      'compose.yml:1:7: name: is no name for a project: "a\'b"',
    ],
    [
      'a missing env_file',
      web('env_file: gone.env'),
      'compose.yml:4:15: services.web.env_file: cannot read gone.env: there is no such file',
    ],
    [
      'a list over a mapping',
      web('labels: { a: b }\n    healthcheck: { interval: [1] }'),
      'compose.yml:5:30: services.web.healthcheck.interval: should be a duration with its unit, such as "30s", "500ms" or "1m30s", is a list',
    ],
    [
      'limits that contradict each other',
      web('cpus: 1\n    deploy: { resources: { limits: { cpus: "2" } } }'),
      'compose.yml:5:44: services.web.deploy.resources.limits.cpus: says 2, but cpus says 1: say it once',
    ],
  ])('%s', (_why, text, complaint) => {
    const started = process.cpuUsage();

    expect(complaints({ 'compose.yml': text })).toEqual([complaint]);

    expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
  });

  it.each<[string, string | Uint8Array, string]>([
    [
      'anchors that explode',
      bomb(),
      'has more than 50000 values, counting what its aliases (*name) repeat each time: write fewer of these',
    ],
    ['10 MB', web(`labels: { a: "${'x'.repeat(10_000_000)}" }`), 'bytes, more than 1 MB'],
    [
      'binary junk',
      Uint8Array.from({ length: 5000 }, (_, index) => (index * 7919) % 256),
      'compose.yml:1:1: is not a text file, it holds a NUL byte',
    ],
    ['no UTF-8', Uint8Array.from([0x61, 0x3a, 0xff, 0xfe]), 'compose.yml:1:1: is not UTF-8 text'],
    ['brackets without end', '['.repeat(100_000), 'compose.yml:1:1: is nested too deeply'],
    ['braces without end', web(`user: "${'${A:-'.repeat(100_000)}"`), 'compose.yml:4:1: is nested too deeply'],
  ])('%s, in under a second', (_why, text, complaint) => {
    const started = process.cpuUsage();

    const [first, ...others] = complaints({ 'compose.yml': text });

    expect(first).toContain(complaint);
    expect(others).toEqual([]);
    expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
  });

  it('a circle over several files is told with its chain', () => {
    const files = {
      'compose.yml': web('extends: { file: sub/a.yml, service: a }'),
      'sub/a.yml': 'services: { a: { extends: { file: ../compose.yml, service: web } } }',
    };

    expect(complaints(files)).toEqual([
      'sub/a.yml:1:27: services.a.extends: goes in a circle: compose.yml web → a.yml a → compose.yml web',
    ]);
  });

  it('a file that is not there, or a folder', () => {
    mkdirSync(join(folder, 'dir'));

    expect(complaints({}, 'compose: gone.yml')).toEqual(['gone.yml:1:1: cannot be read: there is no such file']);
    expect(complaints({}, 'compose: dir')).toEqual(['dir:1:1: cannot be read: it is a folder']);
  });

  it('a bad line in .env', () => {
    expect(complaints({ 'compose.yml': web('user: $A'), '.env': 'B=1\nnot good\n' })).toEqual([
      '.env:2:1: should be KEY=value (a value of several lines needs quotation marks)',
    ]);
  });

  it('a file that cannot go over another', () => {
    const files = { 'compose.yml': web('ports: ["80:80"]'), 'over.yml': 'services:\n  web:\n    ports: 80\n' };

    expect(complaints(files, 'compose: [compose.yml, over.yml]')).toEqual([
      'over.yml:3:12: ports: cannot go over a list that it meets',
    ]);
  });

  it('an app that says too little or too much', () => {
    const text = (app: string) => `- hosts: fe1\n  balancer: { backend: b }\n  apps:\n  - name: web\n    ${app}\n`;
    const told = (app: string) => linesOf(() => theInstance(text(app), undefined, { playbookDir: folder }));

    expect(told('compose: a.yml')).toEqual(['p.yml:4:5: service: is required']);
    expect(told('service: web\n    container: { image: a }')).toEqual([
      'p.yml:5:5: service: is of compose files: say compose',
    ]);
    expect(told('compose: []\n    service: web')).toEqual([
      'p.yml:5:14: compose: should be a file, or a list of files, is an empty list (at least one)',
    ]);
    expect(told('keep: 1')).toEqual(['p.yml:4:5: container: is required']);
  });
});

/** Each level is ten of the one above it. */
function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, index) =>
    index === 0 ? 'x-0: &a0 [x]' : `x-${index}: &a${index} [${`*a${index - 1},`.repeat(10)}]`,
  );
  return `${levels.join('\n')}\nservices: { web: { image: a, command: *a8 } }\n`;
}
