/** What a `blue-green` rollout has kept by the time an HAProxy answers again is kept out of traffic there as well. */
import { Failure } from '../../errors.ts';
import { keptSets, type KeptSet } from '../../rollout/kept.ts';
import { sameServer, type Server, type Standing } from '../../rollout/model.ts';
import type { ServerState } from '../../rollout/observed.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { byContainer } from '../hosts/recorded-work.ts';
import { stateOf } from '../instance/traffic.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { keepOut } from '../recovery/keep-out.ts';
import type { RunContext } from '../run.ts';
import type { LateBalancers } from './late-balancers.ts';

type NotingContext = Pick<RunContext, 'identity' | 'report'>;

/**
 * Notes the servers at HAProxys that answer again of what this run keeps: whoever has it serve again, or ends it, does so
 * there, too. Where that fails it is told, and tried again when the run ends.
 */
export async function noteKept(all: readonly HeldHost[], late: LateBalancers, context: NotingContext): Promise<void> {
  for (const held of all) {
    await told(held, context, () => held.undo.settle());
    for (const { entries } of keptBy(context, held)) {
      for (const one of byContainer(entries)) await told(held, context, () => noteOne(one, held, late));
    }
  }
}

/** A set with its servers at HAProxys that have answered again since it was kept, as far as they can be noted. */
export async function withLateServers(
  set: KeptSet<RecordEntry>,
  held: HeldHost,
  { late, ...context }: NotingContext & { readonly late?: LateBalancers },
): Promise<KeptSet<RecordEntry>> {
  if (late?.mayBeLost) await noteKept([held], late, context);
  return keptSets(held.undo.entries).find(({ run }) => run === set.run) ?? set;
}

/**
 * When nothing is in work any more: what this run keeps is out of traffic at all HAProxys that belong to it by now, where
 * its new containers serve. What is not is found, and taken out, by whoever has the host next.
 */
export async function keepOutAtLate(all: readonly HeldHost[], late: LateBalancers, context: RunContext): Promise<void> {
  const { stop } = context;
  if (!late.mayBeLost || stop.homeward.aborted) return;
  await noteKept(all, late, context);
  for (const held of all.filter((one) => keptBy(context, one).length > 0)) {
    await told(held, context, async () => {
      stop.beforeNext.throwIfAborted();
      await keepOut(held, context);
    });
  }
}

function keptBy({ identity }: NotingContext, { undo }: HeldHost): readonly KeptSet<RecordEntry>[] {
  return keptSets(undo.entries).filter(({ run }) => run === identity.run);
}

async function told(
  { access: { name: host } }: HeldHost,
  { report }: NotingContext,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const text = `What is kept on ${host} may serve still at an HAProxy that answers again: ${error.message}`;
    report({ type: 'warning', host, text });
  }
}

/** One container, with what would have been recorded of it had they been there from the beginning. */
async function noteOne(entries: readonly RecordEntry[], held: HeldHost, late: LateBalancers): Promise<void> {
  const next = entries.find(({ slot }) => slot === 'next');
  const leaving = entries.find(({ slot }) => slot === 'leaving');
  if (!next || !leaving) return;
  const isKept = (): boolean =>
    held.undo.entries.some(({ kind, server }) => kind === 'kept' && sameServer(server, next.server));
  const failures: Failure[] = [];
  for (const [server, old] of missing({ next, leaving }, held, late)) {
    try {
      const [now, then] = [await stateOf(held.reach(server)), await stateOf(held.reach(old))];
      // Meanwhile it may have been begun with: then that goes on as it was begun.
      await held.undo.add(() => (isKept() ? [entryLike(next, now, then), entryLike(leaving, then, now)] : []));
      if (isKept() && now.weight !== then.weight) await held.reach(server).balancer.setWeight(server, then.weight);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  const [failure] = failures;
  if (failure) throw failure;
}

interface Kept {
  readonly next: RecordEntry;
  readonly leaving: RecordEntry;
}

/** Servers of the new container that are not recorded, each with that of the old one at the same backend. */
function missing(
  { next, leaving }: Kept,
  { access: { name: host }, undo }: HeldHost,
  late: LateBalancers,
): readonly (readonly [Server, Server])[] {
  const instance = { host, container: next.container ?? '' };
  const [nexts, olds] = [next, leaving].map((like) => late.inSlotOf(instance, like.server));
  return (nexts ?? []).flatMap((server): (readonly [Server, Server])[] => {
    const old = olds?.find(({ backend, balancer }) =>
      sameServer({ ...server, name: '' }, { backend, balancer, name: '' }),
    );
    return old && !undo.entries.some((entry) => sameServer(entry.server, server)) ? [[server, old]] : [];
  });
}

/** Each has in the end what the other one is found with. */
function entryLike(like: RecordEntry, now: ServerState, then: ServerState): RecordEntry {
  const standing = ({ weight, admin }: ServerState): Standing => ({ weight, admin });
  return {
    ...{ ...like, server: now.server, agent: now.hasAgent ? true : undefined, letIn: true },
    ...{ standing: standing(now), then: standing(then) },
  };
}
