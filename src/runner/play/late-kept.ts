/** What a `blue-green` rollout has kept by the time an HAProxy answers again is kept out of traffic there as well. */
import { Failure } from '../../errors.ts';
import { keptSets, type KeptSet } from '../../rollout/kept.ts';
import { sameServer, type Server, type Standing } from '../../rollout/model.ts';
import type { ServerState } from '../../rollout/observed.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { noted } from '../hosts/noted.ts';
import { byContainer } from '../hosts/recorded-work.ts';
import { stateOf } from '../instance/traffic.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { keepOut } from '../recovery/keep-out.ts';
import type { RunContext } from '../run.ts';
import type { LateBalancers } from './late-balancers.ts';

type NotingContext = Parameters<typeof noted>[2] & Pick<RunContext, 'identity'>;

/** What was kept of a host, with its servers there; as it is where that cannot be noted, which is told. */
export async function keptWithThere(
  set: KeptSet<RecordEntry>,
  held: HeldHost,
  { late, ...context }: NotingContext & { readonly late?: LateBalancers },
): Promise<KeptSet<RecordEntry>> {
  if (!late?.haveAnswered) return set;
  await told(held, context, async () => void (await noteKeptThere(held, late, context)));
  return keptSets(held.undo.entries).find(({ run }) => run === set.run) ?? set;
}

/**
 * When nothing is in work any more: all that is kept is out of traffic there, too, where its new containers serve. Where
 * that fails, whoever has the host next finds what is let in, and takes it out.
 */
export async function keepOutThere(all: readonly HeldHost[], late: LateBalancers, context: RunContext): Promise<void> {
  if (!late.haveAnswered) return;
  for (const held of all) {
    await told(held, context, async () => {
      if (await noteKeptThere(held, late, context)) await keepOut(held, context);
    });
  }
}

async function told(
  { access: { name: host } }: HeldHost,
  { report }: Pick<NotingContext, 'report'>,
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

/**
 * Notes the servers there of what this run keeps on a host. Whoever has it serve again, or ends it, does so there, too.
 *
 * @returns whether there were any
 * @throws Failure when they cannot be seen, or noted
 */
async function noteKeptThere(held: HeldHost, late: LateBalancers, context: NotingContext): Promise<boolean> {
  const own = keptSets(held.undo.entries).filter(({ run }) => run === context.identity.run);
  const more: RecordEntry[] = [];
  for (const entries of own.flatMap((set) => byContainer(set.entries)))
    more.push(...(await missing(entries, held, late)));
  if (more.length > 0) await noted(held, more, context);
  return more.length > 0;
}

/** What would be recorded of one container, had they been there from the beginning. */
async function missing(
  entries: readonly RecordEntry[],
  held: HeldHost,
  late: LateBalancers,
): Promise<readonly RecordEntry[]> {
  const next = entries.find(({ slot }) => slot === 'next');
  const leaving = entries.find(({ slot }) => slot === 'leaving');
  if (!next || !leaving) return [];
  const slots = late.slotsOf({ host: held.access.name, container: next.container ?? '' });
  const serversIn = (like: RecordEntry): readonly Server[] =>
    slots.find(({ servers }) => servers.some((server) => sameServer(server, like.server)))?.there ?? [];
  const olds = serversIn(leaving);
  const pairs = serversIn(next).flatMap((server, index): (readonly [Server, Server])[] => {
    const old = olds[index];
    return old && !entries.some((entry) => sameServer(entry.server, server)) ? [[server, old]] : [];
  });
  const made = await Promise.all(
    pairs.map(async ([server, old]) => {
      const [now, then] = [await stateOf(held.reach(server)), await stateOf(held.reach(old))];
      return [entryLike(next, now, then), entryLike(leaving, then, now)];
    }),
  );
  return made.flat();
}

/** Each has in the end what the other one is found with. */
function entryLike(like: RecordEntry, now: ServerState, then: ServerState): RecordEntry {
  const { agent: _, ...rest } = like;
  const standing = ({ weight, admin }: ServerState): Standing => ({ weight, admin });
  return {
    ...{ ...rest, server: now.server, standing: standing(now), then: standing(then), letIn: true },
    ...(now.hasAgent && { agent: true }),
  };
}
