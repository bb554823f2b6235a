import type { RunEvent } from '../../src/rollout/events.ts';
import type { Play } from '../../src/rollout/play.ts';
import type { Policy } from '../../src/rollout/policy.ts';
import { rollout, type RolloutOptions } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import type { FakeFleet } from './fake-fleet.ts';

export interface Story {
  readonly pace?: RolloutOptions['pace'];
  readonly onEvent?: (event: RunEvent) => void;
}

export function roll(fleet: FakeFleet, plays: readonly Play[], { pace = {}, onEvent }: Story = {}): Promise<RunResult> {
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true, pace };
  return rollout(plays, options, fleet.context(onEvent));
}

/** One host after the other onto v2; those named get an image that exits. */
export function aPlay(fleet: FakeFleet, policy: Partial<Policy>, bad: readonly string[] = []): Play {
  fleet.addImage('bad', { exitsAfterMs: 200 });
  const play = fleet.play('v2', { serial: [{ hosts: 1 }], policy });
  const spoiled = fleet.play('bad').hosts;
  return {
    ...play,
    hosts: play.hosts.map((host, index) => (bad.includes(host.host) ? (spoiled[index] ?? host) : host)),
  };
}

export const endsOf = ({ hosts }: RunResult): string => hosts.map(({ host, end }) => `${host} ${end}`).join(', ');

export function eventsOf<Type extends RunEvent['type']>(
  fleet: FakeFleet,
  type: Type,
): Extract<RunEvent, { type: Type }>[] {
  return fleet.events.filter((event): event is Extract<RunEvent, { type: Type }> => event.type === type);
}

/** The moments at which batches began, in milliseconds from the end of one to the beginning of the next. */
export function gaps(fleet: FakeFleet, at: ReadonlyMap<RunEvent, number>): number[] {
  const began = eventsOf(fleet, 'batch-started').map((event) => at.get(event) ?? 0);
  const ended = eventsOf(fleet, 'batch-ended').map((event) => at.get(event) ?? 0);
  return began.slice(1).map((time, index) => time - (ended[index] ?? 0));
}

export function timed(fleet: FakeFleet): { at: Map<RunEvent, number>; onEvent: (event: RunEvent) => void } {
  const at = new Map<RunEvent, number>();
  return { at, onEvent: (event) => at.set(event, fleet.clock.now()) };
}
