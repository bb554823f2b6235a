import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Vars } from '../../../src/config/inventory/inventory.ts';
import { Secrets } from '../../../src/rollout/secret.ts';
import { aFleet, aPlaybook, linesOf, theInstance } from './fleet.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-secrets-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Planted {
  readonly app: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly controller?: Readonly<Record<string, string>>;
  readonly hosts?: Readonly<Record<string, Vars>>;
}

/** What is secret once the playbook is filled in. */
function secretsAfter({ app, files = {}, controller = {}, hosts = {} }: Planted): Secrets {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const secrets = new Secrets();
  const text = aPlaybook(app.replaceAll('FOLDER', folder));
  theInstance(text, aFleet(hosts), { playbookDir: folder, controller, secrets });
  return secrets;
}

const compose = '    compose: compose.yml\n    service: web\n    container: {}\n';
const web = (environment: string): string =>
  `services:\n  web:\n    image: shop\n    container_name: shop_1\n    environment: { ${environment} }\n`;
const url = 'DATABASE_URL: "postgres://app:${DB_PASSWORD}@db/app"';
const label = (value: string): string => `    container: { image: shop, labels: { a: "${value}" } }\n`;

describe('what is read under the name of a secret is one,', () => {
  // prettier-ignore
  it.each<Planted & { from: string }>([
    { from: '.env',                            app: compose, files: { 'compose.yml': web(url), '.env': 'DB_PASSWORD=s3cr3t-91\n' } },
    { from: '.env, for others in it',          app: compose, files: { 'compose.yml': web('URL: $URL'), '.env': 'DB_PASSWORD=s3cr3t-91\nURL=pg://a:$DB_PASSWORD@db\n' } },
    { from: "the controller's environment",    app: compose, files: { 'compose.yml': web(url) }, controller: { DB_PASSWORD: 's3cr3t-91' } },
    { from: 'an env_file, for others in it',   app: '    container: { image: shop, env_file: [a.env, b.env] }\n', files: { 'a.env': 'PASSWORD=s3cr3t-91\nURL=x:$PASSWORD@y\n', 'b.env': 'PASSWORD=\n' } },
    { from: 'there for an env_file',           app: '    container: { image: shop, env_file: a.env }\n', files: { 'a.env': 'URL=x:$PASSWORD@y\n' }, controller: { PASSWORD: 's3cr3t-91' } },
    { from: 'hostvars',                        app: label("{{ hostvars['db1'].db_password }}@db"), hosts: { db1: { db_password: 's3cr3t-91' } } },
    { from: 'what hostvars have, deep in it',  app: label("{{ hostvars.db1.db.password }}@db"), hosts: { db1: { word: 's3cr3t-91', db: { password: '{{ word }}' } } } },
    { from: 'a label',                         app: "    container: { image: shop, labels: { 'com.example.api-token': s3cr3t-91 } }\n" },
    { from: 'an annotation',                   app: "    container: { image: shop, annotations: { example.com/secret: s3cr3t-91 } }\n" },
    { from: 'an option of the logging driver', app: '    container: { image: shop, logging: { driver: splunk, options: { splunk-token: s3cr3t-91 } } }\n' },
    { from: 'the environment, of a plain name', app: '    container: { image: shop, environment: { PGPASSWORD: s3cr3t-91 } }\n' },
    { from: 'a file by lookup()',              app: label("{{ lookup('file', 'FOLDER/db_password.txt') }}@db"), files: { 'db_password.txt': 's3cr3t-91\n' } },
    { from: 'a file by lookup(), beside the playbook', app: label("{{ lookup('file', 'db_password.txt') }}@db"), files: { 'files/db_password.txt': 's3cr3t-91\n' } },
    { from: 'a file by query()',               app: label("{{ query('file', 'db_password.txt') | first }}@db"), files: { 'db_password.txt': 's3cr3t-91\n' } },
    { from: 'hostvars, of hosts that are worked out', app: label("{{ groups['db'] | map('extract', hostvars, 'db_password') | first }}@db"), hosts: { db1: { db_password: 's3cr3t-91' } } },
    { from: 'a label of a compose file',       app: compose, files: { 'compose.yml': `${web('A: b')}    labels: { com.example.api-token: s3cr3t-91 }\n` } },
    { from: '.env, for a label of a compose file', app: compose, files: { 'compose.yml': `${web('A: b')}    labels: { com.example.url: "x:$DB_PASSWORD@db" }\n`, '.env': 'DB_PASSWORD=s3cr3t-91\n' } },
  ])('from $from', (planted) => {
    expect(secretsAfter(planted).hide('x s3cr3t-91@db')).toBe('x (hidden)@db');
  });

  it('from the environment by lookup(), each time that it is asked for', () => {
    process.env['SLUICE_TEST_PASSWORD'] = 's3cr3t-91';
    try {
      const app = label("{{ lookup('env', 'SLUICE_TEST_PASSWORD') }}@db");

      const all = [secretsAfter({ app }), secretsAfter({ app })];

      expect(all.map((secrets) => secrets.hide('x s3cr3t-91@db'))).toEqual(['x (hidden)@db', 'x (hidden)@db']);
    } finally {
      delete process.env['SLUICE_TEST_PASSWORD'];
    }
  });
});

it('what is read under another name is none', () => {
  const files = { 'compose.yml': web('A: "${PORT}"'), '.env': 'PORT=8080\nDB_PASSWORD_FILE=/run/secrets/db\n' };

  expect(secretsAfter({ app: compose, files }).isEmpty).toBe(true);
});

describe('a probe with a secret in it is refused, since the journal keeps it:', () => {
  const where = "the container's environment can hold it, and its commands find it there";
  const named = 'has a secret in it (the value of DB_PASSWORD), and is kept in clear for a rollback';
  const environment = '    container: { image: shop, environment: { DB_PASSWORD: s3cr3t-91 } }\n';

  // prettier-ignore
  it.each([
    ['a command',        'ready: { command: [check, --password, s3cr3t-91] }', `p.yml:6:23: ready.command: ${named}: ${where}, on fe1`],
    ['a line of one',    "ready: { command: 'pw=s3cr3t-91 check' }",           `p.yml:6:23: ready.command: ${named}: ${where}, on fe1`],
    ['an address',       "ready: { http: 'http://127.0.0.1/?t=s3cr3t-91' }",   `p.yml:6:20: ready.http: ${named}: say command instead; ${where}, on fe1`],
    ['what it waits for', "ready: { http: 'http://127.0.0.1/', body: /s3cr3t-91/ }", `p.yml:6:47: ready.body: ${named}: ask for something else, on fe1`],
  ])('%s', (_what, ready, line) => {
    const text = aPlaybook(`${environment}    ${ready}\n`);

    expect(linesOf(() => theInstance(text, aFleet(), { secrets: new Secrets() }))).toEqual([line]);
  });

  it('one without it is taken', () => {
    const text = aPlaybook(`${environment}    ready: { command: 'check --password "$DB_PASSWORD"' }\n`);

    expect(theInstance(text, aFleet(), { secrets: new Secrets() }).ready.probe?.kind).toBe('command');
  });

  it('one of what the vault has encrypted, too, which has no name', () => {
    const secrets = new Secrets();
    secrets.add('vaulted-17');
    const text = aPlaybook("    ready: { command: 'check vaulted-17' }\n");

    expect(linesOf(() => theInstance(text, aFleet(), { secrets }))).toEqual([
      `p.yml:6:23: ready.command: has a secret in it, and is kept in clear for a rollback: ${where}, on fe1`,
    ]);
  });
});

describe('what is wrong with a text that may be a secret is told without it:', () => {
  const long = `github_pat_${'x'.repeat(90)}`;
  const hook = (env: string): string =>
    `    hooks:\n      before_instance:\n      - { name: h, where: host, command: x, env: { GITHUB_TOKEN: ${env} } }\n`;

  // prettier-ignore
  it.each([
    ['a line feed at its end',    hook(`"${long}\\n"`),    'hooks.before_instance[0].env.GITHUB_TOKEN: should be text on one line, is a text that is not shown here (it ends with a line feed)'],
    ['several lines',             hook(`"${long}\\nb\\n"`), 'hooks.before_instance[0].env.GITHUB_TOKEN: should be text on one line, is a text that is not shown here (it has a line feed or a control character in it)'],
    ['a header',                  '    monitor: { metric: { url: http://x, below: 1, headers: { authorization: "" } } }\n', 'monitor.metric.headers.authorization: should be text on one line, is a text that is not shown here (it is empty)'],
    ['an entry of environment',   "    container: { image: shop, environment: ['A B=hunter22'] }\n", 'container.environment[0]: should be text or a number, is a text that is not shown here (write KEY=value)'],
    ['a label',                   "    container: { image: shop, labels: ['A B=hunter22'] }\n",      'container.labels[0]: should be text or a number, is a text that is not shown here (write KEY=value)'],
  ])('%s', (_what, app, message) => {
    const [line = '', ...others] = linesOf(() => theInstance(aPlaybook(app)));

    expect(others).toEqual([]);
    expect(line.replace(/^p\.yml:\d+:\d+: /, '').replace(/, on fe1$/, '')).toBe(message);
  });

  it('a login that is no mapping', () => {
    const text = aPlaybook('', '  registries: { "registry.example:5000": "ci:hunter22" }\n');

    expect(linesOf(() => theInstance(text)).join()).toContain('is a text that is not shown here');
  });
});
