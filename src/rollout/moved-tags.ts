import { keepsContainer } from './model.ts';
import { instancesOf, type PlayPlan } from './plan.ts';

/**
 * Images that not all hosts were told the same digest of, by their registry: a tag that has moved while the hosts asked.
 * What a host has already, and may keep (`pull_policy: missing`), is its own affair.
 */
export function movedTags(plans: readonly PlayPlan[]): string[] {
  const asked = plans.flatMap(instancesOf).filter(({ instance, to }) => {
    const isAsked = !instance.revert && !to.load && !keepsContainer(instance);
    return isAsked && instance.spec.pullPolicy === 'always';
  });
  const first = new Map<string, { readonly host: string; readonly digest: string }>();
  const moved = new Map<string, string>();
  for (const { instance, to } of asked) {
    const { digest, reference } = to;
    if (digest === undefined) continue;
    const known = first.get(reference) ?? { host: instance.host, digest };
    first.set(reference, known);
    if (known.digest === digest || moved.has(reference)) continue;
    const said = `its registry said ${known.digest} to ${known.host} and ${digest} to ${instance.host}`;
    moved.set(reference, `Cannot settle on what ${reference} is: ${said}; begin again when its tag stays where it is`);
  }
  return [...moved.values()];
}
