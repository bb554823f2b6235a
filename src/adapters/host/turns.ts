import { Failure } from '../../errors.ts';
import type { Link } from '../link.ts';
import { FIND_STATE_DIR, whyFailed } from './state-dir.ts';

/** Writes of one run between two seconds of the host's clock: never as many. */
const PER_SECOND = 1_000;

const HEAR = `t=$(mktemp "$d/.heard.XXXXXX") || exit 74
trap 'rm -f "$t"' EXIT
cat > "$t" && exec 0< "$t" || exit 74
rm -f "$t"; trap - EXIT`;

/**
 * Numbers what one process writes on a host, in a file of the state directory, which stays.
 *
 * A command whose connection broke may be carried out late, when a newer one has been. So all that write count: a number
 * that is not above the last one is not written any more, and whoever is at it still is waited for.
 */
export class Turns {
  readonly #link: Link;
  readonly #file: string;
  readonly #waitSeconds: number;
  /** What the next write has; 0 before anything was read. */
  #next = 0;

  /** `waitSeconds`: for one that is had still, by the host's `flock`. */
  constructor(link: Link, file: string, waitSeconds = 5) {
    this.#link = link;
    this.#file = file;
    this.#waitSeconds = waitSeconds;
  }

  /** Shell lines that print what `saw` wants to know, with the state directory in `$d`. */
  get look(): string {
    return `n=; [ ! -e "$d/${this.#file}" ] || n=$(cat "$d/${this.#file}") || exit 74
echo "\${n:-0} $(date +%s)"`;
  }

  /** The number of the last write, and the seconds of the host's clock. */
  saw(numbers: string): void {
    const [last = 0, seconds = 0] = numbers.split(' ').map(Number);
    // Above all that whoever was here before may still have under way.
    this.#next = Math.max(this.#next, last + PER_SECOND, seconds * PER_SECOND);
  }

  /**
   * Shell lines after which it is the turn of the next write, until the shell ends; they exit with 76 when a later one
   * has been had. The number is written in place, which needs no room; when it cannot be, what is written counts for more.
   *
   * `hears`: what comes on stdin is read whole before. A connection that is gone without a word may never end it, and
   * nobody is to wait for that.
   */
  async next(hearing?: 'hears'): Promise<string> {
    if (this.#next === 0) await this.#read();
    const number = this.#next;
    this.#next += 1;
    return `${FIND_STATE_DIR}
${hearing ? HEAR : ':'}
u=$(umask) && umask 007 && exec 8>>"$d/${this.#file}" && umask "$u" || exit 74
flock -w ${this.#waitSeconds} 8 || { echo "what was asked for before is under way still" >&2; exit 74; }
n=$(cat "$d/${this.#file}")
[ ${number} -gt "\${n:-0}" ] || { echo "a newer one has been written meanwhile" >&2; exit 76; }
{ printf '%015d\\n' ${number} 1<> "$d/${this.#file}"; } 2> /dev/null || :`;
  }

  async #read(): Promise<void> {
    const result = await this.#link.run(`${FIND_STATE_DIR}\n${this.look}`);
    if (result.exitCode !== 0) {
      throw new Failure('error', `Cannot read ${this.#file} on ${this.#link.host}: ${whyFailed(result)}`);
    }
    this.saw(result.stdout);
  }
}
