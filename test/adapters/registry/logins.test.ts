import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RegistryLogins } from '../../../src/adapters/registry/logins.ts';

let folder: string;
let secrets: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-logins-'));
  secrets = [];
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function logins(config?: unknown): RegistryLogins {
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  if (config !== undefined) writeFileSync(join(folder, 'config.json'), text);
  const environment = { DOCKER_CONFIG: folder, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  return new RegistryLogins({ environment, onSecret: (secret) => secrets.push(secret) });
}

/** A credential helper that is a shell script, with the server it is asked for in `$server`. */
function helper(name: string, script: string): void {
  const file = join(folder, `docker-credential-${name}`);
  writeFileSync(file, `#!/bin/sh\n[ "$1" = get ] || exit 9\nserver=$(cat)\n${script}\n`);
  chmodSync(file, 0o755);
}

const encoded = (text: string): string => Buffer.from(text).toString('base64');

describe('the logins of config.json', () => {
  // prettier-ignore
  it.each([
    { why: 'user and password',        auths: { 'reg.example:5000': { auth: encoded('ann:s3cret:x') } },          asked: 'reg.example:5000', login: { username: 'ann', password: 's3cret:x' } },
    { why: 'an address of old',        auths: { 'https://reg.example/v2/': { auth: encoded('ann:s3cret') } },     asked: 'reg.example',      login: { username: 'ann', password: 's3cret' } },
    { why: "Docker's own registry",    auths: { 'https://index.docker.io/v1/': { auth: encoded('ann:s3cret') } }, asked: 'docker.io',        login: { username: 'ann', password: 's3cret' } },
    { why: 'padding of some versions', auths: { 'reg.example': { auth: encoded('ann:s3cret\0\0') } },             asked: 'reg.example',      login: { username: 'ann', password: 's3cret' } },
    { why: 'members of their own',     auths: { 'reg.example': { username: 'ann', password: 's3cret' } },         asked: 'reg.example',      login: { username: 'ann', password: 's3cret' } },
    { why: 'an identity token',        auths: { 'reg.example': { auth: encoded('ann:'), identitytoken: 't0ken' } }, asked: 'reg.example',    login: { identityToken: 't0ken' } },
    { why: 'another registry',         auths: { 'reg.example': { auth: encoded('ann:s3cret') } },                 asked: 'other.example',    login: undefined },
    { why: 'another port',             auths: { 'reg.example:5000': { auth: encoded('ann:s3cret') } },            asked: 'reg.example',      login: undefined },
    { why: 'one that is logged out',   auths: { 'reg.example': {} },                                              asked: 'reg.example',      login: undefined },
  ])('understand $why', async ({ auths, asked, login }) => {
    expect(await logins({ auths }).of(asked)).toEqual(login);
  });

  it('are none when there is no such file', async () => {
    expect(await logins().of('reg.example')).toBeUndefined();
  });

  it.each([
    { config: '{', says: /^Cannot read the registry logins in \S+config\.json:1:2: it is no JSON$/ },
    { config: '[]', says: /config\.json: it should be an object$/ },
    { config: { auths: { 'reg.example': { auth: encoded('nothing') } } }, says: /its "auth" is not user:password/ },
  ])('are refused when they cannot be understood: $config', async ({ config, says }) => {
    await expect(logins(config).of('reg.example')).rejects.toMatchObject({ code: 'config' });
    await expect(logins(config).of('reg.example')).rejects.toThrow(says);
  });

  it('are told as secrets before anybody has them', async () => {
    await logins({ auths: { 'reg.example': { auth: encoded('ann:s3cret') } } }).of('reg.example');

    expect(secrets).toEqual(['s3cret']);
  });
});

describe('a login that the playbook gives', () => {
  it('comes before those of this machine', async () => {
    const both = logins({ auths: { 'reg.example': { auth: encoded('ann:s3cret') } } });
    both.give([{ registry: 'reg.example', username: 'ci', password: 'g1ven' }]);

    expect(await both.of('reg.example')).toEqual({ username: 'ci', password: 'g1ven' });
    expect(secrets).toEqual(['g1ven']);
  });
});

describe('a credential helper', () => {
  it('is asked once for each registry', async () => {
    helper(
      'shop',
      `echo x >> ${join(folder, 'asked')}; echo "{\\"Username\\":\\"ann\\",\\"Secret\\":\\"for $server\\"}"`,
    );
    const kept = logins({ credsStore: 'shop' });

    expect(await kept.of('reg.example')).toEqual({ username: 'ann', password: 'for reg.example' });
    await kept.of('reg.example');
    expect(await kept.of('docker.io')).toEqual({ username: 'ann', password: 'for https://index.docker.io/v1/' });
    expect(secrets).toEqual(['for reg.example', 'for https://index.docker.io/v1/']);
  });

  it('of one registry comes before that of all', async () => {
    helper('all', 'exit 1');
    helper('one', 'echo \'{"Username":"<token>","Secret":"t0ken"}\'');

    const kept = logins({ credsStore: 'all', credHelpers: { 'reg.example': 'one' } });
    expect(await kept.of('reg.example')).toEqual({ identityToken: 't0ken' });
  });

  it.each(['https://index.docker.io/v1/', 'docker.io'])('of Docker Hub is known as %s', async (known) => {
    helper('hub', 'echo "{\\"Username\\":\\"ann\\",\\"Secret\\":\\"for $server\\"}"');

    const kept = logins({ credHelpers: { [known]: 'hub' } });

    expect(await kept.of('docker.io')).toEqual({ username: 'ann', password: 'for https://index.docker.io/v1/' });
  });

  it('that fails with an answer does not show it', async () => {
    helper('shop', `echo '{"Username":"ann","Secret":"hunter2"}'; exit 1`);

    const asked = logins({ credsStore: 'shop' }).of('reg.example');

    await expect(asked).rejects.toThrow(/docker-credential-shop/);
    await expect(asked).rejects.not.toThrow(/hunter2/);
  });

  it('may know nothing of a registry', async () => {
    helper('shop', 'echo "credentials not found in native keychain"; exit 1');

    expect(await logins({ credsStore: 'shop' }).of('reg.example')).toBeUndefined();
  });

  it.each([
    {
      why: 'is not there',
      name: 'nosuch',
      script: '',
      says: /docker-credential-nosuch for the login of reg\.example: there is no such program$/,
    },
    { why: 'fails', name: 'shop', script: 'echo "the keychain is locked"; exit 1', says: /: the keychain is locked$/ },
    { why: 'talks rubbish', name: 'shop', script: 'echo hello', says: /its answer has no Username and Secret$/ },
    { why: 'has a name that is none', name: '../x', script: '', says: /that is no name of a program$/ },
  ])('that $why is named', async ({ name, script, says }) => {
    if (script !== '') helper(name, script);

    await expect(logins({ credsStore: name }).of('reg.example')).rejects.toThrow(says);
  });
});
