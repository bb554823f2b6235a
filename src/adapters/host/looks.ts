import { quoted, type Link } from '../link.ts';

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

/** The first of these paths that is a socket, or undefined. `pathOf`: where each of them is on the host. */
export async function firstSocket(
  link: Link,
  paths: readonly string[],
  pathOf: (path: string) => Promise<string> = (path) => Promise.resolve(path),
): Promise<string | undefined> {
  const words = (await Promise.all(paths.map(pathOf))).map(quoted).join(' ');
  const { stdout } = await link.run(
    `i=0; for p in ${words}; do if [ -S "$p" ]; then echo $i; break; fi; i=$((i+1)); done`,
  );
  return stdout === '' ? undefined : paths[Number(stdout)];
}
