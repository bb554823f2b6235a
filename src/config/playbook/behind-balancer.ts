/** The servers of one HAProxy as its template sees them. */
import type { PublishedPort } from '../../rollout/container-spec.ts';
import { sameBalancer, type Balancer } from '../../rollout/model.ts';
import { textOf } from './field.ts';
import type { Fronted } from './host-resolver.ts';

/** One server: an instance, or one slot of it. */
export interface Behind {
  readonly host: string;
  /** The app's name without its templates, which is the same for all of its instances. */
  readonly app: string;
  readonly tags: readonly string[];
  readonly container: string;
  readonly backends: readonly string[];
  /** In `backends`, that of the backend; else the first. */
  readonly server: string;
  /** By backend. */
  readonly servers: Readonly<Record<string, string>>;
  /** Where this HAProxy reaches it. */
  readonly address: string;
  /** The first published TCP port, and all of them by the container's; left out where the playbook says none. */
  readonly port?: number;
  readonly ports: Readonly<Record<string, number>>;
  readonly id: number;
  /** Left out where there are none. */
  readonly slot?: string;
}

/** Nothing for an instance that this HAProxy is not in front of. */
export function behindIt(
  { host, app, id, slot, instance, balancer: { container: ownContainer } }: Fronted,
  balancer: Balancer,
  hostAddress: string,
): readonly Behind[] {
  const servers = instance.servers.filter((server) => sameBalancer(server.balancer, balancer));
  const [server] = servers;
  if (!server) return [];
  const published = (instance.spec.ports ?? []).filter(
    ({ protocol, hostPort }) => protocol === 'tcp' && hostPort !== undefined,
  );
  const [first] = published;
  const isNear = balancer.host === host.name && ownContainer === undefined;
  return [
    {
      ...{ host: host.name, app: plainName(textOf(app.app['name'])), tags: tagsOf(app.app['tags']) },
      ...{ container: instance.container, backends: servers.map(({ backend }) => backend) },
      server: server.name,
      servers: Object.fromEntries(servers.map(({ backend, name }) => [backend, name])),
      address: addressIn(first, isNear ? '127.0.0.1' : hostAddress),
      ...(first?.hostPort !== undefined && { port: first.hostPort }),
      ports: Object.fromEntries(published.map(({ containerPort, hostPort = 0 }) => [String(containerPort), hostPort])),
      ...{ id, ...(slot !== undefined && { slot }) },
    },
  ];
}

/** `backends`, in the order of the playbook, each with its servers. */
export function backendsOf(
  servers: readonly Behind[],
): readonly { readonly name: string; readonly servers: readonly Behind[] }[] {
  const names = [...new Set(servers.flatMap(({ backends }) => backends))];
  return names.map((name) => ({
    name,
    servers: servers
      .filter(({ backends }) => backends.includes(name))
      .map((one) => ({ ...one, server: one.servers[name] ?? one.server })),
  }));
}

/** A port that is published at all addresses is reached at the host's own. */
function addressIn(port: PublishedPort | undefined, otherwise: string): string {
  const written = port?.hostIp ?? '';
  return ['', '0.0.0.0', '::'].includes(written) ? otherwise : written;
}

/** `pxApp_{{ id }}` is `pxApp`. */
function plainName(written: string): string {
  const plain = written.replace(/\{\{.*?\}\}|\{%.*?%\}/g, '').replace(/^[-_.]+|[-_.]+$/g, '');
  return plain === '' ? written : plain;
}

function tagsOf(written: unknown): readonly string[] {
  if (Array.isArray(written)) return written.map(String);
  return typeof written === 'string' ? [written] : [];
}
