import { Failure } from '../../errors.ts';
import type { Lock } from '../../runner/ports.ts';
import { quoted, type Link } from '../link.ts';
import { MAKE_STATE_DIR } from './state-dir.ts';

/** EX_TEMPFAIL of sysexits(3). */
const HELD_BY_ANOTHER = 75;

/**
 * Takes the host's lock with flock(1) in a command that lives as long as our connection: the kernel frees the lock
 * when that command ends, however it ends. After a network cut that is when the host's sshd notices.
 *
 * @throws Failure `locked` when another run holds it
 */
export async function lockHost(link: Link, holder: string): Promise<Lock> {
  const script = `${MAKE_STATE_DIR}
command -v flock > /dev/null || { echo 'it has no flock(1)' >&2; exit 74; }
exec 9>>"$d/lock" || exit 74
if ! flock -n 9; then { cat "$d/lock.holder" 2> /dev/null || echo 'somebody who is about to say who'; } >&2; exit ${HELD_BY_ANOTHER}; fi
printf '%s\\n' ${quoted(holder)} > "$d/lock.holder"
echo locked
cat > /dev/null
rm -f "$d/lock.holder"`;
  const running = await link.start(script);
  if ('end' in running) return { lost: running.ended, release: () => running.end() };
  const said = running.stderr.trim();
  if (running.exitCode === HELD_BY_ANOTHER)
    throw new Failure('locked', `Cannot lock ${link.host}: it is held by ${said}`);
  const why = said === '' ? `exit status ${running.exitCode}` : said;
  throw new Failure('error', `Cannot lock ${link.host}: ${why}`);
}
