import { Failure } from '../../errors.ts';
import type { Link, RunResult } from '../link.ts';

/**
 * Where sluice keeps, on a host, its lock and what must be undone: one place for all who may work there, whatever
 * user they come as. That is `/var/lib/sluice`, or `/var/tmp/sluice` where root has never made the former.
 *
 * Both belong to the group `docker`, whose members can do everything on the host anyway, and to nobody else; a
 * directory in /var/tmp that some other user has put there is refused.
 */
const FIND = `d=/var/lib/sluice
if [ ! -d "$d" ] && [ -d /var/tmp/sluice ]; then
  d=/var/tmp/sluice
  o=$(stat -c '%U %G' "$d")
  case "$o" in "root "*|"$(id -un) "*|*" docker") ;; *) echo "$d belongs to $o, not to group docker" >&2; exit 73 ;; esac
fi`;

/** Shell lines that leave the directory in `$d`; it may not exist. */
export const FIND_STATE_DIR = FIND;

/**
 * Shell lines that leave the directory in `$d`, made if need be; they exit with 73 when it cannot be written. Root and
 * somebody else who come at the same time, the first ones ever, must not make a place each: they take turns.
 */
export const MAKE_STATE_DIR = `${FIND}
if [ ! -d "$d" ]; then
  command -v flock > /dev/null || { echo "it has no flock(1)" >&2; exit 74; }
  t=$(dirname /var/tmp/sluice); [ -r "$t" ] || t=/
  exec 8< "$t"
  i=0
  until flock -n 8; do
    i=$((i + 1)); [ "$i" -lt 20 ] || { echo "others hold $t, by which its users take turns" >&2; exit 73; }
    sleep 0.2 2> /dev/null || sleep 1
  done
  ${FIND}
  if [ ! -d "$d" ]; then
    [ "$(id -u)" = 0 ] || d=/var/tmp/sluice
    mkdir -m 0700 "$d" && { chgrp docker "$d" 2>/dev/null && chmod 2770 "$d" || :; }
  fi
  exec 8<&-
fi
[ -w "$d" ] || { echo "$d is not writable for $(id -un): make it group docker, mode 2770" >&2; exit 73; }
umask 007`;

/** Prints where the directory is, or would be, and whether it is there; exits with 73 when it could not be written. */
const LOOK = `${FIND}
command -v flock > /dev/null || { echo "there is no flock: install util-linux" >&2; exit 73; }
if [ -d "$d" ]; then
  [ -w "$d" ] && [ -x "$d" ] || { echo "$d is not writable for $(id -un): make it group docker, mode 2770" >&2; exit 73; }
  echo "$d, writable, with flock"
  exit
fi
[ "$(id -u)" = 0 ] || d=/var/tmp/sluice
[ -w "$(dirname "$d")" ] || { echo "$d cannot be made by $(id -un)" >&2; exit 73; }
echo "$d, not made yet, with flock"`;

/**
 * Where lock and record are kept, or would be; makes nothing.
 *
 * @throws Failure `error` when they could not be kept
 */
export async function lookForState(link: Link): Promise<string> {
  const result = await link.run(LOOK);
  if (result.exitCode === 0) return result.stdout.trim();
  throw new Failure('error', `Cannot keep locks and records on ${link.host}: ${whyFailed(result)}`);
}

/** Why one of our scripts failed, by what was said on its stderr: without the words of whichever program said it. */
export function whyFailed({ exitCode, stderr }: Pick<RunResult, 'exitCode' | 'stderr'>): string {
  const said = stderr.trim();
  if (/No space left on device/i.test(said)) return 'no space left on device (make room in its state directory)';
  return said === '' ? `exit status ${exitCode}` : said;
}

/**
 * Shell lines that make what comes on stdin, which is `text`, the file `name` in `folder`; they exit with 74 when they
 * cannot. Written aside, counted, flushed and renamed over, so that neither a crash nor a connection that breaks while
 * it is sent (which looks like its end) leaves half of one. `before`: shell lines just before it is renamed.
 */
export function writeWhole(folder: string, name: string, { text, before = ':' }: Writing): string {
  return `t=$(mktemp "${folder}/.${name}.XXXXXX") && chmod 660 "$t" || exit 74
trap 'rm -f "$t"' EXIT
cat > "$t" && [ "$(wc -c < "$t")" -eq ${Buffer.byteLength(text)} ] && sync "$t" || exit 74
${before}
mv -f "$t" "${folder}/${name}" && sync "${folder}" || exit 74
trap - EXIT`;
}

interface Writing {
  readonly text: string;
  readonly before?: string;
}
