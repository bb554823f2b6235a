import { run } from './run.ts';
import type { Scenario } from './scenario.ts';

/** What a story shows to be broken, each as `invariant: what happened`. */
export async function brokenBy(story: Scenario): Promise<string[]> {
  return (await run(story)).violations.map(({ invariant, text }) => `${invariant}: ${text}`);
}
