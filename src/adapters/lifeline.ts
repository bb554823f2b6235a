/** Commands that live no longer than whoever asked for them. */

/** From the moment at which it is told to end until it is killed, in milliseconds. */
export const END_WITHIN_MS = 5_000;

/**
 * Runs "$@" in a session of its own, with the environment that its stdin begins with: `NAME=value` on each line, then an
 * empty one. When stdin ends, because its time is up or its controller is gone, it is told to end with all that it has
 * started, and after a while killed. For dash, bash and busybox.
 */
const SCRIPT = `while IFS= read -r pair && [ -n "$pair" ]; do export "$pair"; done
exec 3<&0
setsid "$@" 3<&- < /dev/null &
p=$!
exec 2> /dev/null
{ cat <&3
  kill -TERM "-$p" || kill -TERM "$p"
  i=0
  while [ "$i" -lt ${END_WITHIN_MS / 1000} ] && kill -0 "-$p"; do sleep 1; i=$((i + 1)); done
  kill -KILL "-$p"
} > /dev/null &
w=$!
wait "$p"
s=$?
kill -KILL "$w"
exit "$s"`;

/** The words that run a command so. */
export function onLifeline(command: readonly string[]): readonly [string, ...string[]] {
  return ['/bin/sh', '-c', SCRIPT, 'sluice', ...command];
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
