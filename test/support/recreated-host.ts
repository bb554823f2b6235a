/** A host whose instances are all replaced together. */
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Instance } from '../../src/rollout/model.ts';
import type { Play } from '../../src/rollout/play.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { FakeFleet, WEIGHTS } from './fake-fleet.ts';
import { MortalFleet, type Death } from './mortal-fleet.ts';
import { versionsSeen } from './versions.ts';

const never = new AbortController().signal;

export const toGo = { force: false, onPlanned: () => undefined, confirm: async (): Promise<boolean> => true };

export function recreating(fleet: FakeFleet, tag = 'v2', each: Partial<Instance> = {}): Play {
  return fleet.play(tag, { each: { strategy: 'recreate-host', minUp: { servers: 0 }, ...each } });
}

/** But for those that met no server, while all of them were out. */
export function otherFailures(fleet: FakeFleet): readonly string[] {
  return fleet.failures().filter((text) => !text.endsWith('503, no server'));
}

export function allOn(tag: string): readonly string[] {
  return [...WEIGHTS.keys()].map((name) => `fe1 ${name} ${tag}`);
}

export interface Died {
  readonly fleet: FakeFleet;
  /** The change it died at; undefined when it came to its end. */
  readonly change: string | undefined;
  readonly events: readonly RunEvent[];
  /** Which versions ran on fe1 together, and go on to. */
  readonly seen: readonly string[];
}

/** A rollout that dies at a change of it. `playOf`: what is rolled out. */
export async function diedAt(death: Death, playOf: (fleet: FakeFleet) => Play = recreating): Promise<Died> {
  const fleet = await FakeFleet.up(['fe1']);
  fleet.addImage('bad', { exitsAfterMs: 300 });
  const seen = versionsSeen(fleet);
  const mortal = new MortalFleet(fleet, death);
  const events: RunEvent[] = [];
  const context = fleet.context((event) => events.push(event));
  const ended = rollout([playOf(fleet)], toGo, mortal.context(context));
  const change = await Promise.race([mortal.death, ended.then(() => undefined)]);
  const told = [...events];
  // The world goes on without it.
  await fleet.clock.sleep(3_000, never);
  return { fleet, change, events: told, seen };
}
