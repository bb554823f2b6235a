import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Vars } from '../../../src/config/inventory/inventory.ts';
import { Secrets } from '../../../src/rollout/secret.ts';
import { aFleet, aPlaybook, theInstance } from './fleet.ts';

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
    { from: 'a file by lookup()',              app: label("{{ lookup('file', 'FOLDER/db_password.txt') }}@db"), files: { 'db_password.txt': 's3cr3t-91\n' } },
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
