import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../../../src/rollout/container-spec.ts';
import { resolved } from '../playbook/fleet.ts';

let above = '';
let folder = '';

beforeEach(() => {
  above = mkdtempSync(join(tmpdir(), 'sluice-project-'));
  folder = join(above, 'My.Project');
  mkdirSync(folder);
});

afterEach(() => {
  rmSync(above, { recursive: true });
});

interface Options {
  readonly app?: string;
  readonly controller?: Record<string, string>;
  readonly extraVars?: Record<string, unknown>;
}

function specs(files: Readonly<Record<string, string>>, options: Options = {}): readonly ContainerSpec[] {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const app = options.app ?? 'compose: compose.yml';
  const text = `- hosts: fe1\n  balancer: { backend: b }\n  apps:\n  - name: web_{{ id }}\n    service: web\n    ${app}\n`;
  const { controller = {}, extraVars = {} } = options;
  const [play] = resolved(text, undefined, { playbookDir: folder, controller, extraVars });
  return play?.hosts[0]?.instances.map(({ spec }) => spec) ?? [];
}

const over = 'compose: [compose.yml, over.yml]';
const service = (body: string): string => `services:\n  web:\n    image: shop\n    network_mode: bridge\n${body}`;

describe('a variable', () => {
  it.each([
    ['of the playbook goes before the others', { extraVars: { V: 'play' }, controller: { V: 'env' } }, 'play'],
    ['of the environment goes before .env', { controller: { V: 'env' } }, 'env'],
    ['is that of .env', {}, 'file'],
    ['that is no text is none', { extraVars: { V: [1] } }, 'file'],
    ['may be a template', { extraVars: { V: '{{ inventory_hostname }}-1' } }, 'fe1-1'],
  ])('%s', (_why, options, user) => {
    const files = { 'compose.yml': service('    user: ${V}\n'), '.env': 'V=file\n' };

    expect(specs(files, options)[0]?.user).toBe(user);
  });

  it('is one for each instance', () => {
    const files = {
      'compose.yml': service('    ports: ["808${id}:80"]\n    environment: { HOST_NAME: $inventory_hostname }\n'),
    };

    const found = specs(files, { app: 'compose: compose.yml\n    instances: 2' });

    expect(found.map(({ ports }) => ports?.[0]?.hostPort)).toEqual([8081, 8082]);
    expect(found[0]?.environment).toEqual({ HOST_NAME: 'fe1' });
  });

  it('without a value in environment is looked for everywhere', () => {
    const files = { 'compose.yml': service('    environment: [A, B, C, D]\n'), '.env': 'C=file\n' };

    const [spec] = specs(files, { extraVars: { A: 'play' }, controller: { B: 'env' } });

    expect(spec?.environment).toEqual({ A: 'play', B: 'env', C: 'file' });
  });

  it('of another service is not asked for', () => {
    const files = { 'compose.yml': `${service('    depends_on: [db]\n')}  db: { image: "db:$GONE" }\n` };

    expect(specs(files)[0]?.surroundings?.services[0]?.names).toEqual(['myproject-db-1', 'myproject_db_1']);
  });
});

it('how an image is built, and what is for work on it, means nothing where the image has a name', () => {
  const more =
    '    build: { context: ., args: { A: 1 } }\n    attach: false\n    develop: { watch: [{ path: ., action: sync }] }\n';

  expect(specs({ 'compose.yml': service(more) })).toEqual(specs({ 'compose.yml': service('') }));
});

it('an image without a name cannot be rolled out, however it is built', () => {
  expect(() => specs({ 'compose.yml': 'services: { web: { build: . } }\n' })).toThrow(
    'services.web.build: is not supported: an image is built before it is rolled out, and pulled by its name: say image',
  );
});

describe('a further file', () => {
  const base = service(
    '    ports: ["80:80"]\n    environment: { A: a, B: b }\n    labels: { l: m }\n    build: .\n    dns: [1.1.1.1]\n',
  );

  it.each<[string, string, Partial<ContainerSpec>]>([
    ['resets a list', 'ports: !reset []', { ports: undefined }],
    ['resets one entry', 'environment: { A: !reset null }', { environment: { B: 'b' } }],
    ['resets a mapping', 'labels: !reset null', { labels: undefined }],
    [
      'replaces a list',
      'ports: !override ["81:81"]',
      { ports: [{ hostIp: '', hostPort: 81, containerPort: 81, protocol: 'tcp' }] },
    ],
    ['replaces a mapping', 'environment: !override { C: c }', { environment: { C: 'c' } }],
    ['goes over an entry with nothing', 'environment: { A: }', { environment: { B: 'b' } }],
    ['adds to what is there', 'dns: 2.2.2.2', { dns: ['1.1.1.1', '2.2.2.2'] }],
    ['does not say the same twice', 'dns: [1.1.1.1]', { dns: ['1.1.1.1'] }],
  ])('%s', (_why, line, expected) => {
    const files = { 'compose.yml': base, 'over.yml': `services:\n  web:\n    build: !reset null\n    ${line}\n` };

    expect(specs(files, { app: over })[0]).toMatchObject(expected);
  });

  it('has its env_file beside the first one, and what it extends beside the other', () => {
    const files = {
      'compose.yml': service('    env_file: { path: a.env, required: true }\n'),
      'sub/over.yml': 'services:\n  web: { env_file: [b.env], extends: { file: sub/base/c.yml, service: c } }\n',
      'sub/base/c.yml': 'services: { c: { env_file: c.env } }',
      ...{ 'a.env': 'A=1', 'b.env': 'B=1', 'sub/base/c.env': 'C=1' },
    };

    const [spec] = specs(files, { app: 'compose: [compose.yml, sub/over.yml]' });

    expect(spec?.environment).toEqual({ A: '1', B: '1', C: '1' });
  });
});

describe('what the app says beside the files', () => {
  it('goes over them, as a further file would', () => {
    const files = { 'compose.yml': service('    user: a\n    environment: { A: a }\n    volumes: ["/a:/data"]\n') };

    const [spec] = specs(files, {
      app: 'compose: compose.yml\n    container: { user: "u{{ id }}", environment: [B=b], volumes: ["/b:/data"] }',
    });

    expect(spec).toMatchObject({ user: 'u1', environment: { A: 'a', B: 'b' }, volumes: ['/b:/data'] });
  });

  it('is complained about where it is written', () => {
    const files = { 'compose.yml': service('') };
    const app = 'compose: compose.yml\n    container:\n      user: ok\n      ports: "{{ 80 }}"';

    expect(() => specs(files, { app })).toThrow(/^p\.yml:9:14: services\.web\.ports: should be a list of ports/);
  });
});

describe('the names of networks and volumes', () => {
  it.each([
    ['begin with the name of the folder', '', {}, 'myproject'],
    ['begin with the name in the file', 'name: shop-${V:-x}\n', {}, 'shop-x'],
    ['begin with the name in the environment', '', { COMPOSE_PROJECT_NAME: 'mine' }, 'mine'],
  ])('%s', (_why, head, controller, project) => {
    const text = `${head}services:\n  web: { image: a, volumes: ["data:/d"] }\nvolumes: { data: }\n`;

    const [spec] = specs({ 'compose.yml': text }, { controller });

    expect(spec).toMatchObject({
      volumes: [`${project}_data:/d`],
      networks: [{ name: `${project}_default`, aliases: ['web'] }],
      surroundings: { networks: [{ isExternal: false }], volumes: [{ isExternal: false }] },
    });
  });
});

it('keys that begin with x- are the writer’s own, but where every key is', () => {
  const body =
    '    x-a: 1\n    healthcheck: { retries: 3, x-b: 1 }\n    deploy: { x-c: 1, resources: { limits: { x-d: 1 } } }\n';
  const files = {
    'compose.yml': service(`${body}    environment: { x-e: "1" }\n    ports: [{ target: 80, x-f: 1 }]\n`),
  };

  expect(specs(files)[0]).toMatchObject({ healthcheck: { retries: 3 }, environment: { 'x-e': '1' } });
});

it('what is no text in a mapping of texts becomes one', () => {
  const files = { 'compose.yml': service('    environment: { A: true, B: yes, C: 1.5 }\n    labels: { a: false }\n') };

  expect(specs(files)[0]).toMatchObject({ environment: { A: 'true', B: 'yes', C: '1.5' }, labels: { a: 'false' } });
});
