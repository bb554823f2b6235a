import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bridge, labDir } from './settings.ts';

/** One machine of the fleet: a network, a mount and a UTS namespace, and a folder with what is its own. */
export interface Host {
  readonly name: string;
  readonly number: number;
  readonly address: string;
  /** Its end on the bridge, in the machine's own network namespace. */
  readonly link: string;
  /** What it does not share with the machine, e.g. `dir/run` is its /run. */
  readonly dir: string;
  readonly dockerSocket: string;
  readonly haproxySocket: string;
  readonly haproxyMasterSocket: string;
  readonly namespaces: { readonly net: string; readonly mount: string; readonly uts: string };
}

/** Where the namespaces are kept alive, as mounted files, while no process is in them. */
export const namespacesDir = join(labDir, 'ns');

export function hostOf(number: number): Host {
  const name = `fe${number}`;
  const dir = join(labDir, name);
  const namespace = (kind: string): string => join(namespacesDir, `${name}.${kind}`);
  return {
    name,
    number,
    address: `10.77.0.${10 + number}`,
    link: `${bridge.name}-${number}`,
    dir,
    dockerSocket: join(dir, 'run/docker.sock'),
    haproxySocket: join(dir, 'run/haproxy.sock'),
    haproxyMasterSocket: join(dir, 'run/haproxy-master.sock'),
    namespaces: { net: namespace('net'), mount: namespace('mount'), uts: namespace('uts') },
  };
}

export function hostsOf(count: number): readonly Host[] {
  return Array.from({ length: count }, (_, index) => hostOf(index + 1));
}

/** Arguments of `nsenter` that run a command as on the host. */
export function inside(host: Host, command: readonly string[]): readonly string[] {
  const { net, mount, uts } = host.namespaces;
  return [`--net=${net}`, `--mount=${mount}`, `--uts=${uts}`, '--', ...command];
}

export function logOf(host: Host, program: string): string {
  const dir = join(host.dir, 'log');
  mkdirSync(dir, { recursive: true });
  return join(dir, `${program}.log`);
}
