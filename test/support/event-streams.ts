/** Streams of server-sent events of a test's own, and what becomes of each of them. */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { hostNamed, serverOfAddress } from './fleet.ts';

/** `ended`: the application has ended it, whole. `cut`: it stops in the middle. */
export type StreamFate = 'open' | 'ended' | 'cut';

export interface EventStream {
  readonly server: string;
  /** What has become of it by now; on one that is open another event must come. */
  readonly fate: () => Promise<StreamFate>;
  /** When it ended, by the clock of `performance`. */
  readonly endedAt: () => number | undefined;
  readonly close: () => void;
}

/** Opens streams until this server has one, and answers all. */
export async function streamsUntil(host: string, server: string): Promise<readonly EventStream[]> {
  const all: EventStream[] = [];
  do all.push(await openStream(host));
  while (all.at(-1)?.server !== server);
  return all;
}

async function openStream(host: string): Promise<EventStream> {
  const asked = request({ host: hostNamed(host).address, path: '/stream', agent: false }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  let end: { readonly atMs: number; readonly fate: StreamFate } | undefined;
  const over = (fate: StreamFate) => () => {
    end ??= { atMs: performance.now(), fate };
  };
  // After its last chunk there is an "end"; without that one, an "error".
  answer.on('end', over('ended')).on('error', over('cut')).resume();
  const server = await serverOfAddress(host, asked);
  return {
    server,
    fate: async () => end?.fate ?? ((await hasMore(answer)) ? 'open' : (end?.fate ?? 'cut')),
    endedAt: () => end?.atMs,
    close: () => asked.destroy(),
  };
}

async function hasMore(answer: IncomingMessage): Promise<boolean> {
  return once(answer, 'data', { signal: AbortSignal.timeout(5_000) }).then(
    () => true,
    () => false,
  );
}
