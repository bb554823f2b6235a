/** Commands that live no longer than whoever asked for them. */
import { quoted, type Conversation } from './link.ts';

/** From the moment at which it is told to end until it is killed, in milliseconds. */
export const END_WITHIN_MS = 5_000;

/** The same when whoever asked for it is gone: a host's lock is free at once then. */
const GONE_WITHIN_MS = 1_000;

/** A host that hears nothing for so long ends the command: it has to be gone before the lock is free, after 45 s. */
const SILENCE_MS = 30_000;
const BEAT_EVERY_MS = 5_000;

/** Of its own the host ends it after that: we count from an earlier moment, and are the first to end it. */
const LATER_MS = 5_000;

/** Until a word that is no beat (3), or the end of stdin (9). */
const HEAR = `while IFS= read -r w; do [ "$w" = beat ] || exit 3; done; exit 9`;

/** The same word by word, $0, each of which must come within $1 seconds (7). */
const HEAR_BEATS = `while :; do
  timeout "$1" sh -c "$0"
  case $? in 0) ;; 3) exit 3 ;; 9) exit 9 ;; *) exit 7 ;; esac
done`;
const HEAR_WORD = `IFS= read -r w || exit 9; [ "$w" = beat ] || exit 3`;

/**
 * Runs "$@" in a session of its own, with the environment that its stdin begins with: `NAME=value` on each line, then an
 * empty one. It is over when it ends, when it is told `end`, and when stdin ends, because its controller is gone. All
 * that it has started is told to end then, and after a while killed. For dash, bash and busybox.
 *
 * The watcher hears nothing of a TERM any more once it ends things itself; before, it dies of it.
 */
function script(hear: string): string {
  return `while IFS= read -r sluice_pair && [ -n "$sluice_pair" ]; do export "$sluice_pair"; done
unset sluice_pair
exec 3<&0
setsid "$@" 3<&- < /dev/null &
p=$!
exec 4>&2 2> /dev/null
end_all() {
  kill -TERM "-$p" || kill -TERM "$p"
  i=0
  while [ "$i" -lt "$1" ] && kill -0 "-$p"; do sleep 0.2 || { sleep 1; i=$((i + 4)); }; i=$((i + 1)); done
  kill -KILL "-$p"
}
{ ${hear} <&3 3<&- 4>&-
  how=$?
  trap '' TERM
  case $how in
    3) end_all ${END_WITHIN_MS / 200} ;;
    9) end_all ${GONE_WITHIN_MS / 200} ;;
    7) echo 'ended by the host, which has heard nothing for ${SILENCE_MS / 1000} s' >&4; end_all ${END_WITHIN_MS / 200} ;;
    *) echo 'ended by the host: its time was up' >&4; end_all ${END_WITHIN_MS / 200} ;;
  esac
} > /dev/null &
w=$!
wait "$p"
s=$?
kill -TERM "$w"
wait "$w"
if kill -0 "-$p"; then end_all ${END_WITHIN_MS / 200}; fi
exit "$s"`;
}

/** The words that run a command so, on a machine where nobody is left to say anything once we are gone. */
export function onLifeline(command: readonly string[]): readonly [string, ...string[]] {
  return ['/bin/sh', '-c', script(`sh -c ${quoted(HEAR)}`), 'sluice', ...command];
}

interface Patience {
  readonly withinMs: number;
  readonly silenceMs?: number;
}

/** The same where a connection can break without anybody's being told: it ends the command by itself then. */
export function onBeats(
  command: readonly string[],
  { withinMs, silenceMs = SILENCE_MS }: Patience,
): readonly [string, ...string[]] {
  const limit = Math.ceil((withinMs + LATER_MS) / 1000);
  const hear = `timeout ${limit} sh -c ${quoted(HEAR_BEATS)} ${quoted(HEAR_WORD)} ${Math.ceil(silenceMs / 1000)}`;
  return ['/bin/sh', '-c', script(hear), 'sluice', ...command];
}

/** What is told to end it; more gently than by the end of its stdin. */
export const END_WORD = 'end\n';

/** What its stdin is told while it runs. */
export function beatsUntil(until: AbortSignal): Conversation {
  return { beat: 'beat\n', everyMs: BEAT_EVERY_MS, until, end: END_WORD };
}

/** What its stdin begins with. */
export function environmentLines(env: Readonly<Record<string, string>>): string {
  return `${Object.entries(env)
    .map(([name, value]) => `${name}=${value.replaceAll(/[\r\n\0]+/g, ' ')}\n`)
    .join('')}\n`;
}

interface Limits {
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

/**
 * The exit status of what `run` does, which ends soon after its signal aborts. Undefined: its time was up.
 *
 * @throws `signal.reason` once that aborts
 */
export async function withinLimits<T>(
  { withinMs, signal }: Limits,
  run: (until: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  signal.throwIfAborted();
  const late = AbortSignal.timeout(withinMs);
  const ended = await run(AbortSignal.any([late, signal]));
  signal.throwIfAborted();
  return late.aborted ? undefined : ended;
}
