import { run } from './shell.ts';

/** Who listens on a port of an address of this machine, in words; undefined when nobody does. */
export async function holderOf(address: string, port: number): Promise<string | undefined> {
  const lines = (await run('ss', ['-Hltnp', `sport = :${port}`])).split('\n');
  return lines.map((line) => holderIn(line, address)).find((holder) => holder !== undefined);
}

/** From a line of ss(8); `*` is any address, of IPv4 and IPv6. */
function holderIn(line: string, address: string): string | undefined {
  const local = /^\S+ +\d+ +\d+ +(\S+):\d+ /.exec(line)?.[1]?.replace(/%.*/, '');
  if (local === undefined || !['*', '0.0.0.0', address].includes(local)) return undefined;
  const [, name, pid] = /users:\(\("(.*?)",pid=(\d+)/.exec(line) ?? [];
  return name === undefined ? 'a program that is not to be seen from here' : `${name} (pid ${pid ?? ''})`;
}
