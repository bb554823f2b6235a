import { Failure } from '../../errors.ts';
import type { HostJobs, JobLook } from '../../runner/ports/jobs.ts';
import { quoted, type Link } from '../link.ts';
import { FIND_STATE_DIR, MAKE_STATE_DIR, whyFailed } from './state-dir.ts';

const ID = /^[0-9A-Za-z][0-9A-Za-z-]{0,80}$/;
const AT_ONCE_BYTES = 65_536;
const END_WITHIN_S = 5;
const KEPT_DAYS = 30;

/**
 * Runs in a session of its own, so that neither the end of the connection nor that of whoever has started it reaches it.
 * It holds the lock that was taken for it as long as it runs; what the line itself starts does not. In a subshell, for
 * dash would move 9 elsewhere while it waits, and nobody would know the job by it.
 */
const JOB = `(exec /bin/sh -c "$2" 9>&-)
echo $? > "$1.part" && sync "$1.part" && mv -f "$1.part" "$1.status"`;

const STATES = ['running', 'ended', 'gone', 'unknown'] as const;

/**
 * As files in `jobs` of the state directory: `ID.out` is what it prints, `ID.status` its exit status once it has
 * ended, and `ID.lock` is held as long as it runs.
 */
export class ShellJobs implements HostJobs {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  async start(id: string, line: string): Promise<void> {
    await this.#sh(
      'start',
      id,
      `u=$(umask)
${MAKE_STATE_DIR}
command -v setsid > /dev/null || { echo "it has no setsid(1): install util-linux" >&2; exit 74; }
mkdir -p "$d/jobs" || exit 74
find "$d/jobs" -type f -mtime +${KEPT_DAYS} -exec rm -f {} + 2> /dev/null
j="$d/jobs/${id}"
exec 9>> "$j.lock" || exit 74
[ ! -e "$j.out" ] && flock -n 9 || exit 0
: > "$j.out" && sync "$j.out" || exit 74
umask "$u"
setsid /bin/sh -c ${quoted(JOB)} sluice "$j" ${quoted(line)} >> "$j.out" 2>&1 < /dev/null &
echo $! > "$j.pid"`,
    );
  }

  async look(id: string, from: number): Promise<JobLook> {
    const text = await this.#sh(
      'look at',
      id,
      `${FIND_STATE_DIR}
if [ -d "$d" ] && [ ! -x "$d" ]; then echo "$d cannot be entered by $(id -un)" >&2; exit 73; fi
j="$d/jobs/${id}"
if [ ! -e "$j.out" ]; then echo "unknown - ${from}"; exit; fi
s=running
if [ ! -e "$j.status" ] && flock -n "$j.lock" true; then s=gone; fi
c=-; if [ -e "$j.status" ]; then s=ended; c=$(cat "$j.status"); fi
n=$(($(wc -c < "$j.out") - ${from}))
[ "$n" -le ${AT_ONCE_BYTES} ] || n=${AT_ONCE_BYTES}
echo "$s $c $((${from} + n))"
tail -c +$((${from} + 1)) "$j.out" | head -c "$n"`,
    );
    const end = text.indexOf('\n');
    const [word, status = '', next = ''] = text.slice(0, end).split(' ');
    const state = STATES.find((one) => one === word);
    if (!state) throw this.#failure('look at', id, `it says "${text.slice(0, end)}"`);
    const exitCode = state === 'ended' ? Number(status) : undefined;
    return { state, exitCode, output: text.slice(end + 1), next: Number(next) };
  }

  async end(id: string): Promise<void> {
    await this.#sh(
      'end',
      id,
      `${FIND_STATE_DIR}
j="$d/jobs/${id}"
p=$(cat "$j.pid" 2> /dev/null) || exit 0
[ "/proc/$p/fd/9" -ef "$j.lock" ] || exit 0
kill -TERM -- "-$p" 2> /dev/null || kill -TERM "$p" || exit 74
i=0; while kill -0 -- "-$p" 2> /dev/null && [ "$i" -lt ${END_WITHIN_S} ]; do sleep 1; i=$((i + 1)); done
kill -KILL -- "-$p" 2> /dev/null || :`,
    );
  }

  async #sh(verb: string, id: string, script: string): Promise<string> {
    if (!ID.test(id)) throw this.#failure(verb, id, `"${id}" is not the id of a run`);
    const result = await this.#link.run(script, { withinMs: (END_WITHIN_S + 10) * 1_000 });
    if (result.exitCode === 0) return result.stdout;
    throw this.#failure(verb, id, whyFailed(result));
  }

  #failure(verb: string, id: string, why: string): Failure {
    return new Failure('error', `Cannot ${verb} the command of ${id} on ${this.#link.host}: ${why}`);
  }
}
