/** What an earlier `blue-green` rollout has kept is in the way of whoever would change its containers. */
import { isOver } from '../../rollout/drained-until.ts';
import { keptAdvice, keptSets, keptText, type KeptSet } from '../../rollout/kept.ts';
import { keepsContainer, type Instance } from '../../rollout/model.ts';
import { isAsDeclared, type InstanceFacts } from '../../rollout/plan.ts';
import type { Finding } from '../hosts/findings.ts';
import { timeOn } from '../hosts/host-time.ts';
import type { HostAccess, RecordEntry } from '../ports/ports.ts';

/** What is kept on a host, and what its clock shows. */
export interface KeptThere {
  readonly sets: readonly KeptSet[];
  readonly now: Date | undefined;
}

export async function keptThere(host: HostAccess, entries: readonly RecordEntry[]): Promise<KeptThere> {
  return { sets: keptSets(entries), now: await timeOn(host, entries) };
}

/** Whether this run keeps its old container: the new one serves, and is not replaced by force once more. */
export function isKeptBy(ownRun: string, { container }: Instance, { sets }: KeptThere): boolean {
  return sets.some(({ run, containers }) => run === ownRun && containers.includes(container));
}

/** What is to be said instead of all else of an instance that would be changed; undefined: nothing is in its way. */
export function inTheWay(
  instance: Instance,
  {
    kept: { sets, now },
    facts,
    isForced,
    isBeforeEnding,
  }: {
    readonly kept: KeptThere;
    readonly facts: InstanceFacts;
    readonly isForced: boolean;
    /** What is over by now will be ended before anything else; otherwise that was done, and this was not yet over then. */
    readonly isBeforeEnding: boolean;
  },
): Finding | undefined {
  const { host, container } = instance;
  const set = sets.find(({ containers }) => containers.includes(container));
  if (!set || isLeft(instance, facts, isForced)) return undefined;
  const text = keptText(set, now);
  if (isBeforeEnding && now && isOver({ until: set.until }, now))
    return { kind: 'warning', host, text: `${text}: a rollout ends that first` };
  return { kind: 'problem', host, text: `${text}, and this would change ${container}: ${keptAdvice(host)}` };
}

function isLeft(instance: Instance, facts: InstanceFacts, isForced: boolean): boolean {
  if (instance.revert) return facts.isAsFound === true && facts.container?.running !== false;
  return !keepsContainer(instance) && !isForced && isAsDeclared(facts);
}
