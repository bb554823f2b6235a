/** The configuration of one HAProxy, with the adapters that reach it. */
import { EngineContainers } from '../adapters/docker/containers.ts';
import { ConfigFile } from '../adapters/haproxy/config-file.ts';
import { onHost } from '../adapters/haproxy/inside.ts';
import { processesOver } from '../adapters/haproxy/processes.ts';
import { askOver } from '../adapters/haproxy/runtime-socket.ts';
import type { RunThere } from '../adapters/haproxy/seen-processes.ts';
import { FilePushRecords } from '../adapters/host/push-record.ts';
import { quoted, type Link } from '../adapters/link.ts';
import type { BalancerConfig } from '../rollout/balancer-config.ts';
import type { ConfigPort, PushRecords } from '../runner/ports/config-port.ts';
import { placeOn, type NamedPlace } from '../runner/preflight/sockets.ts';
import { firstSocket } from '../adapters/host/looks.ts';

export function configAccess(
  link: Link,
  { balancer, path, reload }: Pick<BalancerConfig, 'balancer' | 'path' | 'reload'>,
): { readonly file: ConfigPort; readonly records: PushRecords } {
  const inContainer = balancer.container === undefined ? undefined : containerOf(link, balancer.container);
  const inside = inContainer?.inside ?? onHost;
  const records = new FilePushRecords(link, balancer, path);
  const file = new ConfigFile(link, {
    ...{ balancer, path, reload, inside },
    isMount: inContainer?.inside.isMount ?? ((at) => isMountOn(link, at)),
    ask: askOver(link, balancer, { inside }),
    processes: processesOver(link, balancer, inside),
    run: inContainer?.run ?? runOn(link),
    turns: records.turns,
  });
  return { file, records };
}

/** What HAProxy answers to one line. */
export async function runtimeAsk(link: Link, named: NamedPlace, line: string): Promise<string> {
  const inside = named.container === undefined ? onHost : containerOf(link, named.container).inside;
  const look = { name: link.host, firstSocket: (paths: readonly string[]) => firstSocket(link, paths, inside) };
  return askOver(link, await placeOn(look, named), { inside })(line);
}

function containerOf(link: Link, name: string) {
  const containers = new EngineContainers(link, {});
  const run: RunThere = (words, withinMs = 10_000) => containers.exec(name, words, withinMs);
  return { inside: containers.inside(name), run };
}

export function runOn(link: Link): RunThere {
  return async (words, withinMs = 10_000) => {
    const { exitCode, stdout, stderr } = await link.run(words.map(quoted).join(' '), { withinMs });
    return { exitCode, output: `${stdout}${stderr}` };
  };
}

async function isMountOn(link: Link, path: string): Promise<boolean> {
  return (await link.run(`grep -qF ${quoted(` ${path} `)} /proc/self/mountinfo`)).exitCode === 0;
}
