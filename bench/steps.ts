import type { Step } from '../src/rollout/lifecycle.ts';
import type { FloorPart } from './parts.ts';
import { floorParts } from './parts.ts';
import { mean, table } from './table.ts';
import type { Turn } from './turn.ts';

/** Where the time of one instance goes, in milliseconds; means over all instances of all rounds. */
export interface StepTime {
  readonly name: string;
  readonly sluiceMs: number;
  /** What the same takes by hand. */
  readonly floorMs: number;
}

/** Which parts of the floor are the containers' and the load's own time within a step. */
const ownParts: readonly { readonly step: Step; readonly parts: readonly FloorPart[] }[] = [
  { step: 'drain', parts: ['drain'] },
  { step: 'replace', parts: ['stop', 'swap', 'start'] },
  { step: 'check', parts: ['healthy'] },
  { step: 'restore', parts: ['up'] },
  { step: 'soak', parts: [] },
  { step: 'retire', parts: [] },
];

export function stepTimesOf(turns: readonly Turn[]): readonly StepTime[] {
  const floor = turns.flatMap((turn) => turn.floor);
  const sluice = turns.filter(({ contender }) => contender === 'sluice');
  const events = sluice.flatMap((turn) => turn.events);
  const instances = events.flatMap((event) => (event.type === 'instance-ended' ? [event.ms] : []));
  const ended = events.filter((event) => event.type === 'step-ended');
  const steps = ownParts.map(({ step, parts }) => ({
    name: step,
    sluiceMs: mean(ended.filter((event) => event.step === step).map(({ ms }) => ms)),
    floorMs: parts.reduce((sum, part) => sum + mean(floor.map((times) => times[part])), 0),
  }));
  const between = mean(instances) - ended.reduce((sum, { ms }) => sum + ms, 0) / Math.max(1, instances.length);
  const wall = sluice.reduce((sum, { ms }) => sum + ms, 0);
  const rest = (wall - instances.reduce((sum, ms) => sum + ms, 0)) / Math.max(1, instances.length);
  return [
    ...steps,
    { name: 'between steps', sluiceMs: between, floorMs: 0 },
    { name: 'start, plan, pull', sluiceMs: rest, floorMs: 0 },
  ];
}

export function stepsText(times: readonly StepTime[]): readonly string[] {
  const total = times.reduce(
    (sum, { sluiceMs, floorMs }) => ({
      name: 'total',
      sluiceMs: sum.sluiceMs + sluiceMs,
      floorMs: sum.floorMs + floorMs,
    }),
    { name: 'total', sluiceMs: 0, floorMs: 0 },
  );
  const rows = [...times, total].map(({ name, sluiceMs, floorMs }) => [
    name,
    sluiceMs.toFixed(0),
    floorMs.toFixed(0),
    (sluiceMs - floorMs).toFixed(0),
  ]);
  const soakMs = times.find(({ name }) => name === 'soak')?.sluiceMs ?? 0;
  const ratio = ((total.sluiceMs - soakMs) / total.floorMs).toFixed(2);
  return [
    ...table([['ms per instance', 'sluice', 'floor', "sluice's own"], ...rows]),
    '',
    `sluice/floor without the soak, of which the floor has none = ${ratio}`,
  ];
}

export function partsText(turns: readonly Turn[]): readonly string[] {
  const floor = turns.flatMap((turn) => turn.floor);
  const parts = floorParts.map((name) => `${name} ${mean(floor.map((times) => times[name])).toFixed(0)}`);
  return [`floor, ms per instance: ${parts.join(', ')}`];
}
