import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { noLogins } from '../../src/adapters/login.ts';
import { SshFleet } from '../../src/cli/fleet.ts';
import { loadInventory } from '../../src/config/inventory/load.ts';
import { Secrets } from '../../src/rollout/secret.ts';
import { folderWith } from '../support/command-line.ts';
import { network } from '../support/lab-fleet.ts';
import { TestSshServer } from '../support/ssh-server.ts';

let server: TestSshServer;

beforeEach(async () => {
  server = await TestSshServer.start();
});
afterEach(async () => {
  await server.stop();
});

it('knows as secret what hosts are reached by under the name of one', async () => {
  const folder = folderWith({ 'hosts.ini': 'fe1 jump_token=s3cr3t-91 ansible_user="ci-{{ jump_token }}"\n' });
  const secrets = new Secrets();
  const fleet = new SshFleet(loadInventory([join(folder, 'hosts.ini')]), {
    ...{ overrides: {}, network, trace: () => undefined, logins: { of: noLogins }, secrets },
  });

  await fleet.prepare(['fe1']);

  expect(secrets.hide('ci-s3cr3t-91@fe1')).toBe('ci-(hidden)@fe1');
  await fleet.close();
});

it('reaches a host that could not be reached before, and asks only once for one that can', async () => {
  const folder = folderWith({ 'hosts.ini': 'fe1\n', config: server.config('fe1') });
  const fleet = new SshFleet(loadInventory([join(folder, 'hosts.ini')]), {
    ...{ overrides: { configFile: join(folder, 'config') }, network, trace: () => undefined, logins: { of: noLogins } },
  });
  server.hangUps = Infinity;
  await expect(fleet.host('fe1')).rejects.toMatchObject({ code: 'unreachable' });
  server.hangUps = 0;

  const [one, other] = await Promise.all([fleet.host('fe1'), fleet.host('fe1')]);

  expect(one.name).toBe('fe1');
  expect(other).toBe(one);
  expect(server.connections).toBe(1);
  await fleet.close();
});
