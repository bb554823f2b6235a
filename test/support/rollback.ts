import type { RunEvent } from '../../src/rollout/events.ts';
import type { Instance } from '../../src/rollout/model.ts';
import type { PlayPlan } from '../../src/rollout/plan.ts';
import type { Play } from '../../src/rollout/play.ts';
import { rollbackPlays } from '../../src/rollout/rollback.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunContext, RunResult } from '../../src/runner/run.ts';
import { FakeFleet, WEIGHTS, type FakeHost } from './fake-fleet.ts';

/** A rollout and its rollback on a fake fleet, as the command line does them. */
export const RUN = '20261121-090000-test';
const BACK = '20261121-100000-back';

export interface Rolled {
  readonly result: RunResult;
  readonly plans: readonly PlayPlan[];
}

export async function roll(plays: readonly Play[], context: RunContext, force = false): Promise<Rolled> {
  const plans: PlayPlan[] = [];
  const onPlanned = (planned: readonly PlayPlan[]): void => void plans.push(...planned);
  const result = await rollout(plays, { force, onPlanned, confirm: async () => true }, context);
  return { result, plans };
}

/** As `sluice rollback` does it: from what the events of the run tell. */
export function playsBack(fleet: FakeFleet, plans: readonly PlayPlan[], serial?: Play['serial']): readonly Play[] {
  const updated = new Set(
    fleet.events.flatMap((event) =>
      event.type === 'instance-ended' && event.state === 'updated'
        ? [`${event.subject.host} ${event.subject.name}`]
        : [],
    ),
  );
  const isTaken = ({ host, container }: Pick<Instance, 'host' | 'container'>): boolean =>
    updated.has(`${host} ${container}`);
  return rollbackPlays(plans, { run: RUN, isTaken, serial });
}

export function backContext(fleet: FakeFleet, onEvent?: (event: RunEvent) => void): RunContext {
  return { ...fleet.context(onEvent), identity: { run: BACK, by: 'ann@desk' } };
}

export async function rollBack(fleet: FakeFleet, plans: readonly PlayPlan[], force = false): Promise<RunResult> {
  return (await roll(playsBack(fleet, plans), backContext(fleet), force)).result;
}

export async function snapshots(fleet: FakeFleet): Promise<Record<string, string>> {
  const entries = [...fleet.hosts.values()].flatMap((host) =>
    host.containers
      .names()
      .map(async (name) => [`${host.name} ${name}`, await host.containers.snapshot(name)] as const),
  );
  return Object.fromEntries(await Promise.all(entries));
}

export const allOn = (tag: string): string[] =>
  ['fe1', 'fe2', 'fe3'].flatMap((host) => [...WEIGHTS.keys()].map((name) => `${host} ${name} ${tag}`));

export async function fe1Of(fleet: FakeFleet): Promise<FakeHost> {
  return fleet.host('fe1');
}
