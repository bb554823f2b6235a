import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PlacedFile } from '../../../src/rollout/container-spec.ts';
import { linesOf, theInstance } from '../playbook/fleet.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-files-'));
  writeFileSync(join(folder, 'a.txt'), 'from a file\n');
  writeFileSync(join(folder, 'key.bin'), Buffer.from([0, 255, 10, 200]));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Written {
  /** In the service, and at the top of the file. */
  readonly service: string;
  readonly top?: string;
  readonly over?: string;
}

function files({ service, top = '', over }: Written): readonly PlacedFile[] | undefined {
  writeFileSync(join(folder, 'compose.yml'), `services:\n  web:\n    image: shop\n    ${service}\n${top}\n`);
  if (over !== undefined) writeFileSync(join(folder, 'over.yml'), over);
  const compose = over === undefined ? 'compose.yml' : '[compose.yml, over.yml]';
  const text = `- hosts: fe1\n  balancer: { backend: b }\n  apps:\n  - name: web\n    service: web\n    compose: ${compose}\n`;
  const controller = { FROM_ENV: 'from the environment' };
  return theInstance(text, undefined, { playbookDir: folder, controller, extraVars: { port: 80 } }).spec.files;
}

const shown = (found: readonly PlacedFile[] | undefined): unknown[] | undefined =>
  found?.map(({ content, ...rest }) => ({ ...rest, content: Buffer.from(content, 'base64').toString('latin1') }));

const secret = 'secrets: { s: { file: a.txt } }';
const plain = { mode: 0o444, uid: 0, gid: 0 };

describe('the files of a service', () => {
  it.each<[string, Written, readonly object[]]>([
    [
      'are secrets, from a file beside the compose file',
      { service: 'secrets: [s]', top: secret },
      [{ kind: 'secret', target: '/run/secrets/s', content: 'from a file\n', ...plain }],
    ],
    [
      'are secrets from a variable',
      { service: 'secrets: [s]', top: 'secrets: { s: { environment: FROM_ENV } }' },
      [{ kind: 'secret', target: '/run/secrets/s', content: 'from the environment', ...plain }],
    ],
    [
      'are any bytes',
      { service: 'secrets: [s]', top: 'secrets: { s: { file: ./key.bin } }' },
      [{ kind: 'secret', target: '/run/secrets/s', content: '\u0000\u00ff\n\u00c8', ...plain }],
    ],
    [
      'are configs, with variables in their content',
      { service: 'configs: [c]', top: 'configs: { c: { content: "listen ${port} $$x" } }' },
      [{ kind: 'config', target: '/c', content: 'listen 80 $x', ...plain }],
    ],
    [
      'have what the long form says',
      { service: 'secrets: [{ source: s, target: db, uid: "70", gid: "71", mode: 0440 }]', top: secret },
      [{ kind: 'secret', target: '/run/secrets/db', content: 'from a file\n', mode: 0o440, uid: 70, gid: 71 }],
    ],
    [
      'may be anywhere',
      {
        service: 'configs: [{ source: c, target: /etc/shop/c.ini, mode: "0400", x-why: 1 }]',
        top: 'configs: { c: { file: a.txt, x-a: b } }',
      },
      [{ kind: 'config', target: '/etc/shop/c.ini', content: 'from a file\n', mode: 0o400, uid: 0, gid: 0 }],
    ],
    ['may be none', { service: 'secrets: []' }, []],
    [
      'are those of all files together, a target once',
      {
        service: 'secrets: [{ source: s, target: t }]',
        top: secret,
        over: 'services: { web: { secrets: [{ source: o, target: t, mode: 0400 }] } }\nsecrets: { o: { environment: FROM_ENV } }\n',
      },
      [{ kind: 'secret', target: '/run/secrets/t', content: 'from the environment', mode: 0o400, uid: 0, gid: 0 }],
    ],
  ])('%s', (_why, written, expected) => {
    expect(shown(files(written))).toEqual(expected);
  });

  it('are nothing that is declared where neither key is there', () => {
    expect(files({ service: 'user: "7"' })).toBeUndefined();
  });
});

describe('a file of a service is refused', () => {
  it.each<[string, Written, string]>([
    [
      'that is declared nowhere',
      { service: 'secrets: [s]' },
      '4:15: services.web.secrets[0]: s is declared nowhere under secrets',
    ],
    [
      'that is somewhere else',
      { service: 'secrets: [s]', top: 'secrets: { s: { external: true } }' },
      '5:17: secrets.s.external: is not supported: only Swarm has secrets and configs that are nowhere in the files: name a file',
    ],
    [
      'without a source',
      { service: 'secrets: [s]', top: 'secrets: { s: {} }' },
      '5:12: secrets.s: needs one of file, environment',
    ],
    [
      'with two sources',
      { service: 'configs: [c]', top: 'configs: { c: { file: a.txt, content: b } }' },
      '5:12: configs.c: needs one of file, environment, content',
    ],
    [
      'with a content, as a secret',
      { service: 'secrets: [s]', top: 'secrets: { s: { content: x } }' },
      '5:17: secrets.s.content: is no known key',
    ],
    [
      'that is not there',
      { service: 'secrets: [s]', top: 'secrets: { s: { file: gone.txt } }' },
      '5:17: secrets.s.file: cannot read gone.txt: there is no such file',
    ],
    [
      'of a variable that is not set',
      { service: 'secrets: [s]', top: 'secrets: { s: { environment: GONE } }' },
      '5:17: secrets.s.environment: the variable GONE is not set',
    ],
    [
      'without a name',
      { service: 'secrets: [{ target: x }]', top: secret },
      '4:15: services.web.secrets[0]: needs the name of one, as source',
    ],
    [
      'with an unknown key',
      { service: 'secrets: [{ source: s, owner: x }]', top: secret },
      '4:28: services.web.secrets[0].owner: is no known key',
    ],
    [
      'that is no list',
      { service: 'secrets: s', top: secret },
      '4:5: services.web.secrets: should be a list of names, or of mappings',
    ],
    [
      'with a name for an owner',
      { service: 'secrets: [{ source: s, uid: www }]', top: secret },
      '4:28: services.web.secrets[0].uid: should be the number of one',
    ],
    [
      'with no mode',
      { service: 'secrets: [{ source: s, mode: rw }]', top: secret },
      '4:28: services.web.secrets[0].mode: should be a number such as 0440',
    ],
    [
      'that leaves its folder',
      { service: 'secrets: [{ source: s, target: ../../etc/passwd }]', top: secret },
      '4:28: services.web.secrets[0].target: should be a path in the container of at most 100 bytes, without ".."',
    ],
    [
      'in a file system that is read-only',
      { service: 'read_only: true\n    secrets: [s]', top: secret },
      '5:15: services.web.secrets: cannot put /run/secrets/s there: read_only keeps the Engine from it',
    ],
    [
      'under a tmpfs',
      { service: 'tmpfs: /run\n    secrets: [s]', top: secret },
      '5:15: services.web.secrets: cannot put /run/secrets/s there: what is mounted at /run would hide it, or keep it on the host',
    ],
    [
      'in a volume',
      {
        service: 'volumes: ["/srv:/etc/shop/"]\n    configs: [{ source: c, target: /etc/shop/c }]',
        top: 'configs: { c: { content: x } }',
      },
      '5:15: services.web.configs: cannot put /etc/shop/c there: what is mounted at /etc/shop/ would hide it, or keep it on the host',
    ],
  ])('%s', (_why, written, line) => {
    const lines = linesOf(() => files(written)).map((it) => it.replaceAll(`${folder}/`, '').replace(/, on fe1$/, ''));

    expect(lines).toEqual([`compose.yml:${line}`]);
  });
});
