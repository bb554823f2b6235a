/** How the weight of a server comes back in steps: pure, from the weight that it is to have in the end. */
import { durationText } from './durations.ts';

export interface Ramp {
  /** Of the weight in the end, rising, each above 0 and below 100; the last step is that weight itself. */
  readonly percents: readonly number[];
  /** How long each of them lasts, in milliseconds. */
  readonly everyMs: number;
}

/** Rounded up, so that a server that is to serve does so from the first step on. */
export function weightAt(weight: number, percent: number): number {
  return Math.ceil((weight * percent) / 100);
}

/** The steps on the way to these weights, without those that change nothing: none at weight 1, or 0. */
export function rampSteps(weights: readonly number[], { percents }: Pick<Ramp, 'percents'>): readonly number[] {
  const steps: number[] = [];
  let before: readonly number[] = [];
  for (const percent of percents) {
    const now = weights.map((weight) => weightAt(weight, percent));
    const isNew = now.some((weight, index) => weight !== before[index]);
    const isWhole = now.every((weight, index) => weight === weights[index]);
    if (isNew && !isWhole) steps.push(percent);
    before = now;
  }
  return steps;
}

/** The last step that servers with these weights have got to, as a percentage; 0 before the first, 100 after the last. */
export function stepReached(
  servers: readonly { readonly weight: number; readonly now: number }[],
  { percents }: Pick<Ramp, 'percents'>,
): number {
  const reached = [...percents, 100].filter((percent) =>
    servers.every(({ weight, now }) => now >= weightAt(weight, percent)),
  );
  return reached.at(-1) ?? 0;
}

/** `weight 1, 5, then 10, 30s each`. */
export function rampText(weights: readonly number[], ramp: Ramp): string {
  const rising = [...new Set(weights)].filter((weight) => weight > 0);
  const steps = rampSteps(rising, ramp);
  if (steps.length === 0) return `no ramp: weight ${rising.join(' and ') || '0'} has no smaller step`;
  const ways = rising.map((weight) => `${steps.map((step) => weightAt(weight, step)).join(', ')}, then ${weight}`);
  return `ramp: weight ${ways.join('; ')}, ${durationText(ramp.everyMs)} each`;
}
