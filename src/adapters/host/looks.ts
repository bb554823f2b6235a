import { quoted, type Link } from '../link.ts';

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
