import { describe, expect, it } from 'vitest';
import { holdsSecret, Secrets, soundsSecret } from '../../src/rollout/secret.ts';

function secretsOf(...texts: string[]): Secrets {
  const secrets = new Secrets();
  for (const text of texts) secrets.add(text);
  return secrets;
}

describe('Secrets', () => {
  // prettier-ignore
  it.each([
    { why: 'wherever it is',            secrets: ['hunter2'],           text: 'a hunter2, hunter2b', hidden: 'a (hidden), (hidden)b' },
    { why: 'the longer one first',      secrets: ['hunt', 'hunter2'],   text: 'hunter2 hunt',        hidden: '(hidden) (hidden)' },
    { why: 'with signs of patterns',    secrets: ['a.*(b$'],            text: 'x a.*(b$',            hidden: 'x (hidden)' },
    { why: 'with its quotes escaped',   secrets: ['ab"cd-12'],          text: 'srv "ab\\"cd-12"',    hidden: 'srv "(hidden)"' },
    { why: 'with its lines escaped',    secrets: ['ab\ncd-12'],         text: 'is "ab\\ncd-12"',     hidden: 'is "(hidden)"' },
    { why: 'a beginning that was cut off', secrets: ['github_pat_11A'], text: 'is "github_p… is github_pat…', hidden: 'is "(hidden)… is (hidden)…' },
    { why: 'one before a blank',        secrets: ['github_pat_11A'],    text: 'set github_p …',      hidden: 'set (hidden) …' },
    { why: 'the longest beginning',     secrets: ['hunter2', 'hunt'],   text: 'hunte…',              hidden: '(hidden)…' },
    { why: 'no other end',              secrets: ['hunter2'],           text: 'drain … the hunters…', hidden: 'drain … the hunters…' },
    { why: 'each line of a key',        secrets: ['BEGIN\nabcdefgh\nEND-K'], text: 'abcdefgh',       hidden: '(hidden)' },
    { why: 'no ordinary word of a file', secrets: ['name: x\nshop\nsecret-words'], text: 'shop',      hidden: 'shop' },
    { why: 'nothing that is in half of all lines', secrets: ['true', 'None'], text: 'true or None', hidden: 'true or None' },
    { why: 'nothing that is too short', secrets: ['no'],                text: 'no node',             hidden: 'no node' },
  ])('hides $why', ({ secrets, text, hidden }) => {
    expect(secretsOf(...secrets).hide(text)).toBe(hidden);
  });

  it('finds no ordinary word of an encrypted file, but what was read under the name of a secret', () => {
    const secrets = secretsOf('ab12');
    for (const text of ['8080', 'http', '4711', 'unnamed-and-long']) secrets.addOfFile(text);
    secrets.addNamed('PIN_TOKEN', '4711');

    expect(secrets.firstIn('http://127.0.0.1:8080/')).toBeUndefined();
    expect(secrets.firstIn('http://127.0.0.1:8080/?pin=4711')).toEqual({ name: 'PIN_TOKEN' });
    expect(secrets.firstIn('http://unnamed-and-long/')).toEqual({ name: undefined });
    expect(secrets.firstIn('http://ab12/')).toEqual({ name: undefined });
    expect(secrets.hide('http 8080')).toBe('(hidden) (hidden)');
  });

  it('hides what is deep in data, and leaves keys and the rest alone', () => {
    const data = { hunter2: ['hunter2', { n: 1, nothing: undefined }] };

    expect(secretsOf('hunter2').hideIn(data)).toEqual({ hunter2: ['(hidden)', { n: 1, nothing: undefined }] });
  });
});

// prettier-ignore
it.each([
  [['password', 'db_password', 'DB_PASSWORD', 'dbPassword', 'api_key', 'SECRET_KEY', 'accessToken', 'registry_pass'], true],
  [['PGPASSWORD', 'DBPASSWORD', 'dbpass', 'PGPASS', 'authtoken', 'clientsecret', 'APIKEY', 'com.example.api-token', 'splunk-token', 'secrets'], true],
  [['SECRET_KEY_BASE', 'DB_PASSWORD_RO', 'PASSWORD_1', 'JWT_SECRET_V2', 'db-password-old', 'APP_KEY', 'SENTRY_DSN'], true],
  [['SECRET_NAME', 'PASSWORD_MIN_LENGTH', 'TOKEN_TYPE', 'token_url', 'secret_backend', 'PASSWORD_FILE_OLD', 'token_1_file'], false],
  [['bypass', 'no_proxy_bypass', 'surpass', 'trespass', 'pass_through', 'max_tokens', 'primary_key', 'monkey', 'keyfile'], false],
  [['key', 'keepalive', 'password_file', 'private_key_file', 'token_ttl', 'author', 'monkey', 'compass', 'ansible_ssh_private_key_file'], false],
])('holdsSecret() of %j is %s', (names, holds) => {
  expect(names.filter((name) => holdsSecret(name) !== holds)).toEqual([]);
});

it('hides the password in an address, whatever that is called', () => {
  const secrets = new Secrets();
  secrets.addNamed('env', { DATABASE_URL: 'postgres://app:hunter22@db:5432/app', HOME_URL: 'http://host:8080/a@b' });

  expect(secrets.hide('FATAL: hunter22 is wrong for app at db:5432, see http://host:8080/a@b')).toBe(
    'FATAL: (hidden) is wrong for app at db:5432, see http://host:8080/a@b',
  );
});

it('soundsSecret() knows the usual names', () => {
  expect(['DB_PASSWORD', 'apiToken', 'port'].map(soundsSecret)).toEqual([true, true, false]);
});
