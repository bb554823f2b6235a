import type { Life } from './life.ts';
import { isAlive, ourLife } from './life.ts';

/** Who has brought the lab up, and takes it down: a run of tests or of the benchmark, or whoever has said `lab up`. */
export type Owner = Life | 'a person';

/** A run that was killed cannot take its lab down: that is nobody's. */
export function isLeftBehind(owner: Owner): boolean {
  return owner !== 'a person' && !isAlive(owner);
}

export function isOurs(owner: Owner): boolean {
  return owner !== 'a person' && owner.pid === process.pid && isAlive(owner);
}

/** Who has the lab once this process has brought it up for a run; `before`: who had it, undefined when it was down. */
export function ownerForRun(before: Owner | undefined): Owner {
  return before === undefined || isLeftBehind(before) ? ourLife() : before;
}

export function ownerText(owner: Owner): string {
  if (owner === 'a person') return 'a person, who takes it down';
  const { pid } = owner;
  return isAlive(owner)
    ? `a run of tests or of the benchmark (pid ${pid}), which takes it down`
    : `a run of tests or of the benchmark that was killed (pid ${pid}): the next one takes it down`;
}
