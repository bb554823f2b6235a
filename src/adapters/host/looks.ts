import { quoted, type Link } from '../link.ts';

/** The host's own addresses, in the order that it tells them; none of the loopback, and none that only a link knows. */
export async function addressesOf(link: Link): Promise<readonly string[]> {
  const { stdout } = await link.run(`hostname -I 2> /dev/null || ip -o addr show scope global | awk '{ print $4 }'`);
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
