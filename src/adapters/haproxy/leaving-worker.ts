import type { Ask } from './runtime-socket.ts';

/** How often, after which the answer counts: of a backend that the configuration has `disabled`, or of a whole HAProxy that goes. */
const TRIES = 4;

/**
 * What a worker that a reload has told to go answers on a connection that it had taken before: it says so in `show info`,
 * changes no server, and `show stat` shows none (tried on 2.6). The latter two any worker does of a `disabled` backend.
 */
const SAID = /^Stopping: 1$/m;
const UNCHANGED = /^Proxy is disabled\.$/m;
const NONE_SHOWN = /^# pxname,.*\n(?!.)/m;

/** Asks again, by another connection, when the worker that answers is on its way out: nothing was changed, nothing said. */
export function askStaying(ask: Ask): Ask {
  return async (line) => {
    for (let tries = 1; ; tries += 1) {
      const answer = await ask(line);
      const isLeaving = [SAID, UNCHANGED, NONE_SHOWN].some((sign) => sign.test(answer));
      if (!isLeaving || tries === TRIES) return answer;
    }
  };
}
