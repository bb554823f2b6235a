import { Failure } from '../../errors.ts';
import type { HostSystem } from '../../runner/ports/ports.ts';
import { IS_OUT_OF_SIGHT, quoted, type Link } from '../link.ts';
import { whyFailed } from './state-dir.ts';

/** Of the seconds of its clock, its boot (proc_sys_kernel(5)) and the user, each a line. */
export async function systemOf(link: Link): Promise<HostSystem> {
  const result = await link.run('date +%s && cat /proc/sys/kernel/random/boot_id && id -u');
  const [seconds = '', bootId = '', uid = ''] = result.stdout.trim().split('\n');
  if (result.exitCode !== 0 || !/^\d+$/.test(seconds) || bootId === '') {
    throw new Failure('error', `Cannot look at the clock and the boot of ${link.host}: ${whyFailed(result)}`);
  }
  return { now: new Date(Number(seconds) * 1000), bootId, isRoot: uid === '0' };
}

/**
 * The host's own addresses; none of the loopback, and none of a bridge for containers, which most hosts have the same
 * of. Where there is no ip(8), those of hostname(1), bridges too.
 */
export async function addressesOf(link: Link): Promise<readonly string[]> {
  const bridges = '/^(docker|br-|veth|cni|podman|virbr)/';
  const { stdout } = await link.run(
    `{ ip -o addr show scope global || hostname -I; } 2> /dev/null | awk 'NF > 3 && $2 ~ ${bridges} { next } $3 ~ /^inet/ { print $4; next } { print }'`,
  );
  return stdout.split(/\s+/).flatMap((word) => (word === '' ? [] : [word.replace(/\/\d+$/, '')]));
}

/** Where paths are looked for. */
interface There {
  /** Where each is on the host. */
  readonly pathOf: (path: string) => Promise<string>;
  /** Runs a program where they are by these names, for what the user does not see on the host. */
  readonly within?: { readonly run: (words: readonly string[]) => Promise<{ readonly output: string }> };
}

/**
 * The first of these paths that is a socket, else the first that may be one, where the user does not see; undefined: none
 * of them is there. `within`: whoever sees it instead.
 */
export async function firstSocket(
  link: Link,
  paths: readonly string[],
  { pathOf, within }: There,
): Promise<string | undefined> {
  const { stdout } = await link.run(
    firstSocketIn(await Promise.all(paths.map(pathOf)), within ? 'false' : IS_OUT_OF_SIGHT),
  );
  const index =
    stdout === '' && within ? (await within.run(['sh', '-c', firstSocketIn(paths, 'false')])).output : stdout;
  return index === '' ? undefined : paths[Number(index)];
}

function firstSocketIn(paths: readonly string[], mayBe: string): string {
  const words = paths.map(quoted).join(' ');
  const look = `if [ -S "$p" ]; then echo $i; exit; fi; if [ -z "$m" ] && { ${mayBe}; }; then m=$i; fi; i=$((i+1))`;
  return `i=0; m=; for p in ${words}; do ${look}; done; printf '%s' "$m"`;
}
