/** What a `blue-green` rollout has kept on a host is done with as a whole, or left as it is. */
import { Failure } from '../../errors.ts';
import type { KeptSet } from '../../rollout/kept.ts';
import { serverPath, type Server } from '../../rollout/model.ts';
import type { ServerState } from '../../rollout/observed.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { byContainer, recordedWork } from '../hosts/recorded-work.ts';
import { advice, explain } from '../instance/entry-words.ts';
import { servesWell } from '../instance/serves-well.ts';
import { findState, type ServerAccess } from '../instance/traffic.ts';
import type { Work } from '../instance/work.ts';
import type { RecordEntry } from '../ports/ports.ts';
import type { RunContext } from '../run.ts';
import { homeward } from '../waiting/persist.ts';
import { watchOf } from '../waiting/watch.ts';

export type Reach = (server: Server) => ServerAccess | Promise<ServerAccess>;

interface Doing {
  readonly context: RunContext;
  /** In a word or two: what becomes of it. */
  readonly what: string;
}

/** The work on each of a set, all of whose new containers serve, or why nothing is done to any of it. */
export async function keptWorks(
  set: KeptSet<RecordEntry>,
  held: HeldHost,
  { context, what }: Doing,
): Promise<readonly Work[] | string> {
  const cannot = `Cannot ${what} what is kept on ${held.access.name}`;
  const why = whyNotWhole(set, held);
  if (why !== undefined) return `${cannot}: ${why}`;
  try {
    const works = await Promise.all(byContainer(set.entries).map((entries) => workOn(entries, held, context)));
    const serve = await Promise.all(works.map(servesWell));
    const sick = works.find((_, index) => !serve[index]);
    if (sick) return `${cannot}: the new ${sick.instance.container} there does not serve`;
    // Nothing serves there but what is kept.
    const gone = (await newServersOf(set, held.reach)).find(({ state }) => !state);
    return gone ? `${cannot}: HAProxy has no ${serverPath(gone.server)} any more, which the new one serves at` : works;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.message;
  }
}

/** The servers of the new containers, as their HAProxys have them now; no state: in the configuration no more. */
export async function newServersOf(
  { entries }: KeptSet<RecordEntry>,
  reach: Reach,
): Promise<readonly { readonly server: Server; readonly state: ServerState | undefined }[]> {
  const serving = entries.filter(({ slot }) => slot !== 'leaving');
  return Promise.all(serving.map(async ({ server }) => ({ server, state: await findState(await reach(server)) })));
}

/** A part of it may serve again already, or serve at an HAProxy that is not there. */
function whyNotWhole(set: KeptSet<RecordEntry>, { undo, lacks, access }: HeldHost): string | undefined {
  const inWork = undo.entries.find(({ kind, run }) => kind === 'rollout' && run === set.run);
  if (inWork) return `${explain(inWork)}: ${advice(inWork, access)}`;
  const away = set.entries.find(({ server }) => lacks(server));
  const failure = away && lacks(away.server);
  return failure && `${serverPath(away.server)} on ${away.server.balancer.host} is out of reach: ${failure.message}`;
}

async function workOn(entries: readonly RecordEntry[], held: HeldHost, context: RunContext): Promise<Work> {
  const [first] = entries;
  if (!first) throw new Error('nothing is kept of it');
  const { clock, report, stop } = context;
  const subject = { host: held.access.name, name: first.container ?? '' };
  const watch = watchOf({ clock, report, subject, signal: stop.homeward, step: 'vacate' });
  const { work } = await homeward(() => recordedWork(entries, first, { held, watch }), watch);
  return work;
}
