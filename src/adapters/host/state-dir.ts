/**
 * Shell lines that leave in `$d` the directory in which sluice keeps what must be undone on a host.
 *
 * `/var/lib/sluice` when it is there or can be made (root), so that all operators of the host see the same; else the
 * user's own state directory, which an ordinary SSH user can always write.
 */
export const STATE_DIR_SCRIPT = [
  'd=/var/lib/sluice',
  'if [ ! -d "$d" ]; then',
  'if [ "$(id -u)" = 0 ]; then mkdir -p "$d"; else d="${XDG_STATE_HOME:-$HOME/.local/state}/sluice"; mkdir -p "$d"; fi',
  'fi',
  '[ -w "$d" ] || { echo "$d is not writable for $(id -un)" >&2; exit 73; }',
].join('\n');
