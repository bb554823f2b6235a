import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pacingOf } from '../../src/cli/pacing.ts';
import { rollback } from '../../src/cli/rollback.ts';
import { StopSwitch } from '../../src/cli/stop.ts';
import { Failure } from '../../src/errors.ts';
import { anInstance } from '../support/builders.ts';

/** Journals of these runs: their id and their command; `nothing` was over before it had told anything. */
async function refusal(
  runs: Readonly<Record<string, string>>,
  over: { run?: string; serial?: string; inventory?: readonly string[]; told?: readonly object[] } = {},
): Promise<string> {
  const state = mkdtempSync(join(tmpdir(), 'sluice-runs-'));
  mkdirSync(join(state, 'runs'));
  for (const [run, command] of Object.entries(runs)) {
    const stamp = { schema: 1, seq: 1, ts: '2026-11-21T09:00:00.000Z', run };
    const started = {
      type: 'run-started',
      command,
      hosts: ['fe1'],
      by: 'ann@desk',
      version: '1',
      machine: 'desk',
      pid: 1,
    };
    const events = command === 'nothing' ? [] : [started, ...(over.told ?? [])];
    const lines = events.map((event) => `${JSON.stringify({ ...stamp, ...event })}\n`);
    writeFileSync(join(state, 'runs', `${run}.jsonl`), lines.join(''));
  }
  const { stdin, stdout, stderr } = process;
  const surroundings = {
    stdin,
    stdout,
    stderr,
    environment: { SLUICE_STATE: state },
    version: '1',
    stop: new StopSwitch(),
  };
  const command = {
    ...{ name: 'rollback' as const, run: over.run, serial: over.serial, force: false, yes: true },
    ...{ check: false, diff: false, detailedExitcode: false },
    ...{
      environmentInventory: [],
      inventory: over.inventory ?? [],
      limit: undefined,
      forks: 1,
      json: false,
      verbosity: 0,
    },
    locking: { waitMs: 0, takeOver: false },
    pacing: pacingOf({}),
    pullsPerHost: 1,
    vault: [],
    connection: {
      user: undefined,
      privateKey: undefined,
      timeoutMs: undefined,
      configFile: undefined,
      transport: undefined,
      hostKeyChecking: undefined,
    },
  };
  const error: unknown = await rollback(command, surroundings).catch((reason: unknown) => reason);
  if (!(error instanceof Failure)) throw new Error('was expected to be refused', { cause: error });
  return `${error.code}: ${error.message}`;
}

describe('sluice rollback refuses', () => {
  // prettier-ignore
  it.each([
    { what: 'without any run',           runs: {},                                              run: undefined, says: /^config: Cannot roll back: no rollout was started on this machine by this user/ },
    { what: 'without a rollout',         runs: { '20261121-1': 'drain' },                       run: 'last',    says: /^config: Cannot roll back: no rollout was started on this machine by this user/ },
    { what: 'without a rollout that has begun', runs: { '20261121-1': 'rollout', '20261121-2': 'nothing' }, run: undefined, says: /^config: Cannot tell how the hosts are reached/ },
    { what: 'a run that there is not',   runs: { '20261121-1': 'rollout' },                     run: '2025',    says: /^config: Cannot find run 2025: no journal in \S+ has that name/ },
    { what: 'what may be either',        runs: { '20261121-1': 'rollout', '20261121-2': 'drain' }, run: '2026', says: /^config: Cannot tell which run 2026 is: 20261121-2, 20261121-1$/ },
    { what: 'a rollback',                runs: { '20261121-1': 'rollback' },                    run: '20261121', says: /it is a rollback itself; roll out the version you want instead$/ },
    { what: 'a drain',                   runs: { '20261121-1': 'drain' },                       run: '20261121', says: /it is no rollout but "drain"$/ },
    { what: 'hosts it cannot find',      runs: { '20261121-1': 'rollout' },                     run: undefined, says: /^config: Cannot tell how the hosts are reached: name an inventory with -i$/ },
  ])('$what', async ({ runs, run, says }) => {
    expect(await refusal(runs, run === undefined ? {} : { run })).toMatch(says);
  });

  it('a run whose balancer the inventory does not have, before it begins', async () => {
    const server = { balancer: { host: 'lb1', socket: '/run/haproxy.sock' }, backend: 'shop', name: 'fe1_shop_1' };
    const { spec, ...instance } = anInstance({ container: 'shop_1', servers: [server] });
    const hosts = [
      { host: 'fe1', instances: [{ instance, from: { reference: spec.image }, to: { reference: 'v2' } }] },
    ];
    const subject = { host: 'fe1', name: 'shop_1' };
    const told = [
      { type: 'planned', plan: { name: 'Shop', batches: [{ number: 1, hosts }] } },
      { type: 'instance-ended', subject, state: 'updated', ms: 1 },
    ];
    const path = join(mkdtempSync(join(tmpdir(), 'sluice-inventory-')), 'hosts.ini');
    writeFileSync(path, 'fe1 ansible_host=192.0.2.1\n');

    const why = await refusal({ '20261121-1': 'rollout' }, { inventory: [path], told });

    expect(why).toBe('config: Cannot reach lb1: the inventory has no such host');
  });
});
