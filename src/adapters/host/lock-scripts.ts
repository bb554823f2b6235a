/**
 * The shell side of a host's lock, for dash, bash and busybox. `lock` is held with flock(1) by whoever lives;
 * `lock.json` says whose it is, and is touched at every heartbeat. It is one line, so that it can be told on one.
 *
 * Every script prints first what it found: `STATE AGE LOCK.JSON`, with `-` for an age that is not known.
 */
import { quoted } from '../link.ts';
import { FIND_STATE_DIR, MAKE_STATE_DIR } from './state-dir.ts';

/** EX_TEMPFAIL of sysexits(3): somebody else's lock is in the way. */
export const IN_THE_WAY = 75;

const SAY = `f=$d/lock.json
say() {
  a=-; m=$(stat -c %Y "$f" 2> /dev/null) && a=$(($(date +%s) - m))
  printf '%s %s %s\\n' "$1" "$a" "$(tr -d '\\n' 2> /dev/null < "$f")"
}
on_purpose() { grep -qsF '"kind":"hold"' "$f"; }`;

/** Somebody who only looks, or writes a lock on purpose, has the kernel's lock for a moment. */
const OPEN = `for p in flock timeout mktemp; do
  command -v $p > /dev/null || { echo "it has no $p(1)" >&2; exit 74; }
done
exec 9>>"$d/lock" || exit 74
got() { flock -n 9 || { sleep 0.2 2> /dev/null || sleep 1; flock -n 9; }; }`;

/**
 * The holder is known by what it has open, not by its number alone, which may be another's by now. One that cannot be
 * ended may just have ended.
 */
const END_HOLDER = `end_holder() {
  h=$(sed -n 's/.*"holder":\\([0-9]*\\)}.*/\\1/p' "$f")
  if [ -n "$h" ] && [ "/proc/$h/fd/9" -ef "$d/lock" ] && kill "$h" 2> /dev/null; then
    i=0; until got; do i=$((i + 1)); [ "$i" -lt 40 ] || { echo "pid $h does not end" >&2; exit 74; }; done
  elif ! got; then
    echo "the command that holds it (pid \${h:-unknown}) cannot be ended by $(id -un)" >&2; exit 74
  fi
}`;

/**
 * `json` without its last brace: the holder's process id on the host is added. By cat(1), which says why it cannot be
 * written; not every shell does.
 */
function writing(json: string): string {
  return `put() {
  t=$(mktemp "$d/.lock.XXXXXX") && chmod 660 "$t" &&
    printf '%s,"holder":%d}\\n' ${quoted(json.slice(0, -1))} "$$" | cat > "$t" && sync "$t" && mv -f "$t" "$f" && return
  rm -f "$t"; return 1
}`;
}

/** What every lock has that says whose it is. */
const LEGIBLE = '"run":".*"machine":".*"pid":.*"by":".*}$';

/** `needle`: the part of `lock.json` that no other run has; empty, one that says nobody's name is meant. */
function mine(needle: string): string {
  if (needle === '') return `mine() { [ -e "$f" ] && ! grep -qs -e ${quoted(LEGIBLE)} "$f"; }`;
  return `mine() { grep -qsF -e ${quoted(needle)} "$f"; }`;
}

interface Words {
  readonly needle: string;
  readonly json: string;
}

/**
 * Takes the lock, says so, and holds it for as long as it is told `beat` at least every `ttlMs`; it answers `beat`.
 * `claim` puts our name in a dead one's place, `release` removes what is ours. Cut off, it ends and leaves
 * `lock.json`: a dead lock.
 */
export function takeScript({ needle, json }: Words, ttlMs: number, again: boolean): string {
  return `${MAKE_STATE_DIR}
${[SAY, OPEN, END_HOLDER, mine(needle), writing(json)].join('\n')}
${again ? `mine || { say other; exit ${IN_THE_WAY}; }` : ''}
if ! got; then
  if mine; then end_holder; else say live; exit ${IN_THE_WAY}; fi
fi
if on_purpose; then say held; exit ${IN_THE_WAY}; fi
if mine || ${again ? 'false' : '[ ! -e "$f" ]'}; then put || exit 74; say locked
else ${again ? `say other; exit ${IN_THE_WAY}` : 'say dead'}; fi
hear='IFS= read -r w || exit 9
case $w in beat) ;; claim) exit 3 ;; release) exit 4 ;; *) exit 9 ;; esac'
while :; do
  # In a subshell, for dash would close 9 here while it waits, and nobody would know the holder by it.
  (exec timeout ${ttlMs / 1000} sh -c "$hear" 9>&- > /dev/null 2>&1)
  case $? in
    0) if mine; then touch -c "$f"; fi; echo beat ;;
    3) if e=$(put 2>&1); then echo claimed; else echo "failed $e" | tr '\\n' ' '; echo; fi ;;
    4) if mine; then rm -f "$f"; fi; echo released; exit 0 ;;
    *) exit 0 ;;
  esac
done`;
}

/** Leaves nobody behind: `lock.json` alone says that the host is held. */
export function holdScript({ json }: Words): string {
  return `${MAKE_STATE_DIR}
${[SAY, OPEN, writing(json)].join('\n')}
got || { say live; exit ${IN_THE_WAY}; }
if on_purpose; then say held; exit ${IN_THE_WAY}; fi
if [ -e "$f" ]; then say dead; exit ${IN_THE_WAY}; fi
put || exit 74
say held`;
}

/** An illegible lock has no needle: it goes as it is. */
export function freeScript(needle: string, force: boolean): string {
  return `${MAKE_STATE_DIR}
${[SAY, OPEN, END_HOLDER, mine(needle)].join('\n')}
if ! got; then
  ${force ? `if mine; then end_holder; else say live; exit ${IN_THE_WAY}; fi` : `say live; exit ${IN_THE_WAY}`}
fi
if [ -e "$f" ] && ! mine; then
  if on_purpose; then say held; else say dead; fi
  exit ${IN_THE_WAY}
fi
say free
rm -f "$f"`;
}

/** Looks with a lock that many may have at once, so that lookers do not see one another. */
export const LOOK = `${FIND_STATE_DIR}
if [ -d "$d" ] && [ ! -x "$d" ]; then echo "$d cannot be entered by $(id -un)" >&2; exit 73; fi
${SAY}
if [ -e "$d/lock" ] && ! { exec 9< "$d/lock" && flock -ns 9; }; then say live
elif [ ! -e "$f" ]; then say free
elif on_purpose; then say held
else say dead; fi`;
