import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, invocationOf } from '../../src/cli/invocation.ts';
import { Secrets } from '../../src/rollout/secret.ts';
import { defaultPolicy } from '../../src/rollout/policy.ts';
import type { Play } from '../../src/rollout/play.ts';
import { anInstance } from '../support/builders.ts';

const command = {
  ...{
    inventory: ['hosts.ini', '/etc/hosts.ini'],
    playbook: 'shop.yml',
    limit: undefined,
    tags: ['web'],
    skipTags: [],
  },
  ...{ forks: 8, force: true },
};

function aPlay(spec: object): Play {
  const instances = [anInstance({ spec: { image: 'a:1', pullPolicy: 'always', ...spec } })];
  return {
    name: 'x',
    hosts: [{ host: 'fe1', instances }],
    serial: [{ hosts: 1 }],
    maxFailPercentage: 0,
    policy: defaultPolicy,
  };
}

describe('invocationOf()', () => {
  it('leaves a list of hosts a list, and leaves out what a vault has held', () => {
    const secrets = new Secrets();
    secrets.add('from-the-vault');

    const asked = { extraVars: { a: 'x from-the-vault', b: 'c' }, loads: [] };

    const kept = invocationOf({ ...command, inventory: ['fe1,fe2,'] }, asked, secrets);

    expect(kept).toMatchObject({ inventory: ['fe1,fe2,'], extraVars: { b: 'c' }, hiddenVars: ['a'] });
  });

  it('can be asked for again from any folder', () => {
    expect(invocationOf(command, { extraVars: {}, loads: [] }, new Secrets())).toMatchObject({
      ...{ inventory: [resolve('hosts.ini'), '/etc/hosts.ini'], playbook: resolve('shop.yml'), tags: ['web'] },
      ...{ forks: 8, force: true },
    });
  });

  it('leaves out what sounds like a secret, however deep, and says what it left out', () => {
    const extraVars = {
      version: '1',
      api_key: 'k',
      db: { host: 'h', password: 'p' },
      users: [{ name: 'ann', token: 't' }],
    };

    expect(invocationOf(command, { extraVars, loads: [] }, new Secrets())).toMatchObject({
      extraVars: { version: '1', db: { host: 'h' }, users: [{ name: 'ann' }] },
      hiddenVars: ['api_key', 'db.password', 'users.0.token'],
    });
  });
});

describe('fingerprintOf()', () => {
  it('is the same for the same plays, whatever the order of their settings', () => {
    const one = aPlay({ user: 'app', hostname: 'h', init: undefined });

    expect(fingerprintOf([aPlay({ hostname: 'h', user: 'app' })])).toBe(fingerprintOf([one]));
    expect(fingerprintOf([one])).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is another one for any setting that differs', () => {
    const plays = [
      {},
      { user: 'app' },
      { environment: { A: '1' } },
      { environment: { A: '2' } },
      { command: ['b', 'a'] },
    ];

    expect(new Set(plays.map((spec) => fingerprintOf([aPlay(spec)]))).size).toBe(plays.length);
  });
});
