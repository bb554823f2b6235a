import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { drainHosts } from '../../src/runner/maintenance/drain-hosts.ts';
import { maintainHosts } from '../../src/runner/maintenance/maintain-hosts.ts';
import type { RecordEntry } from '../../src/runner/ports/ports.ts';
import type { RunContext, RunResult } from '../../src/runner/run.ts';
import { FakeFleet, type FakeHost } from '../support/fake-fleet.ts';

const place = { socket: undefined, container: undefined };
const policy = { timeoutMs: 10_000, onTimeout: 'fail' } as const;
const LOST = 'Cannot reach fe1: connection lost';

const commands: Readonly<Record<'drain' | 'maintain', (context: RunContext) => Promise<RunResult>>> = {
  drain: (context) =>
    drainHosts(
      {
        hosts: ['fe1'],
        servers: ['pxApp_2'],
        place,
        balancers: undefined,
        policy,
        note: '',
        confirm: async () => true,
      },
      context,
    ),
  maintain: (context) =>
    maintainHosts(
      {
        ...{ hosts: ['fe1'], balancers: undefined, place, serial: [{ hosts: 1 }], needsRoot: false, policy },
        work: { command: 'echo upgraded', reboot: undefined, containers: 'keep' },
        ...{ minUp: { servers: 1 }, commandWithinMs: 60_000, backWithinMs: 120_000, onFailure: 'stop' },
        ...{ onPlanned: () => undefined, confirm: async () => true },
      },
      context,
    ),
};

/** The first so many writes take place, and nobody hears of it. */
function losing(host: FakeHost, answers: number): void {
  let writes = 0;
  const write = async (entries: readonly RecordEntry[]): Promise<void> => {
    host.entries = entries;
    if (writes++ < answers) throw new Failure('unreachable', LOST);
  };
  Object.assign(host.record, { write });
}

describe.each(['drain', 'maintain'] as const)('what %s records before it takes anything', (command) => {
  it('is gone again when it is not known whether it was written', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    losing(fe1, 2);

    const result = await commands[command](fleet.context());

    expect(result.hosts).toMatchObject([{ host: 'fe1', end: 'failed', reason: LOST, unchanged: 1 }]);
    expect(fe1.entries).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('is told of when it may stay behind', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    losing(await fleet.host('fe1'), Infinity);

    await commands[command](fleet.context());

    const verb = command === 'drain' ? 'restore' : 'recover';
    expect(fleet.events).toContainEqual({
      ...{ type: 'warning', host: 'fe1' },
      text: `The undo record stays behind, if it was written: ${LOST}: see to it with "sluice ${verb} fe1"`,
    });
  });
});
