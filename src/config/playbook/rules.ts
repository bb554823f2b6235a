import type { PublishedPort } from '../../rollout/container-spec.ts';
import { isToBeFound } from '../../rollout/discover.ts';
import { serverKey, type Instance } from '../../rollout/model.ts';
import { impossibleTimes } from '../../rollout/times.ts';
import type { DocumentPath, YamlDocument } from '../document.ts';
import type { ServerNames } from './balancer-leaves.ts';
import type { Problem } from './complaints.ts';
import { isMapping } from '../values.ts';
import { valueAt } from './field.ts';
import { collide } from './ports.ts';

/** Each app needs a backend, its own or its play's. */
export function missingBackends(playbook: unknown): Problem[] {
  return appsIn(playbook).flatMap(({ play, path }) => {
    const places = [
      [...path, 'balancer'],
      [play, 'balancer'],
    ];
    if (places.some((place) => mayHave(playbook, place, 'backend'))) return [];
    const known = places.find((place) => valueAt(playbook, place) !== undefined) ?? [play, 'balancer'];
    return [{ path: [...known, 'backend'], message: 'is required, here or in the app' }];
  });
}

/** What is no mapping may be a template, or is complained about anyway. */
function mayHave(playbook: unknown, place: DocumentPath, key: string): boolean {
  const mapping = valueAt(playbook, place);
  return mapping !== undefined && (!isMapping(mapping) || key in mapping);
}

/** Either an app has a container with an image, or it has a service of compose files. */
export function containerRules(playbook: unknown): Problem[] {
  return appsIn(playbook).flatMap(({ path }): Problem[] => {
    const app = valueAt(playbook, path);
    if (!isMapping(app)) return [];
    const required = (key: string): Problem => ({ path: [...path, ...key.split('.')], message: 'is required' });
    if ('compose' in app) return 'service' in app ? [] : [required('service')];
    const alone: Problem[] =
      'service' in app
        ? [{ path: [...path, 'service'], message: 'is of compose files: say compose', which: 'key' }]
        : [];
    const { container } = app;
    if (container === undefined) return [...alone, required('container')];
    return isMapping(container) && !('image' in container) ? [...alone, required('container.image')] : alone;
  });
}

/** An address is reached from the host, whatever HAProxy runs in. */
export function balancerRules(playbook: unknown): Problem[] {
  const plays = Array.isArray(playbook) ? playbook.map((_, play): DocumentPath => [play]) : [];
  return [...plays, ...appsIn(playbook).map(({ path }) => path)].flatMap((path): Problem[] => {
    const balancer = valueAt(playbook, [...path, 'balancer']);
    if (!isMapping(balancer) || !('container' in balancer)) return [];
    const { socket } = balancer;
    const isAddress = typeof socket === 'string' && !socket.startsWith('/') && !socket.includes('{');
    const message = 'stands beside an address as socket: in a container it is a path';
    return isAddress ? [{ path: [...path, 'balancer', 'container'], message, which: 'key' }] : [];
  });
}

const probes = ['http', 'tcp', 'command'] as const;

/** One way to prove an app ready, or none; what is expected of an answer is for `http`. */
export function probeRules(playbook: unknown): Problem[] {
  return appsIn(playbook).flatMap(({ path }): Problem[] => {
    const ready = valueAt(playbook, [...path, 'ready']);
    if (!isMapping(ready)) return [];
    const [first, second] = probes.filter((key) => key in ready);
    if (second !== undefined) {
      const message = `stands beside ${String(first)}: only one of http, tcp and command`;
      return [{ path: [...path, 'ready', second], message, which: 'key' }];
    }
    if (first === 'http') return [];
    return ['status', 'body', 'header']
      .filter((key) => key in ready)
      .map((key) => ({ path: [...path, 'ready', key], message: 'is for http only', which: 'key' }));
  });
}

function appsIn(playbook: unknown): { play: number; path: DocumentPath }[] {
  if (!Array.isArray(playbook)) return [];
  return playbook.flatMap((_, play) => {
    const apps = valueAt(playbook, [play, 'apps']);
    return Array.isArray(apps) ? apps.map((_app, app) => ({ play, path: [play, 'apps', app] })) : [];
  });
}

/** YAML reads `22:22` as 22 × 60 + 22; nobody means that. */
export function timesWithoutQuotes(document: YamlDocument, text: string): Problem[] {
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  const problems: Problem[] = [];
  const look = (value: unknown, path: DocumentPath): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) look(item, [...path, Array.isArray(value) ? Number(key) : key]);
    } else if (typeof value === 'number') {
      const { line, column } = document.at(path);
      const written = /^[-+\d_]+(?::\d+)+/.exec(lines[line - 1]?.slice(column - 1) ?? '')?.[0];
      if (written !== undefined) problems.push({ path, message: `quote it: "${written}" without quotes is ${value}` });
    }
  };
  look(document.value, []);
  return problems;
}

/** Where `server` names one for each backend, it names these, and no others. */
export function serverRules(
  server: ServerNames | undefined,
  backends: readonly string[] | undefined,
  app: DocumentPath,
): Problem[] {
  if (server === undefined || typeof server === 'string' || !backends) return [];
  const strange = Object.keys(server).filter((backend) => !backends.includes(backend));
  const nameless = backends.filter((backend) => !Object.hasOwn(server, backend));
  return [
    ...strange.map((backend) => ({
      path: [...app, 'server', backend],
      message: `is no backend of its balancer (${backends.join(', ')}): name it in balancer.backend, too`,
    })),
    ...nameless.map((backend) => ({ path: [...app, 'server'], message: `has no name for backend ${backend}` })),
  ];
}

/** An instance, and where in the playbook its app stands. */
export interface PlacedInstance {
  readonly instance: Instance;
  readonly app: DocumentPath;
}

/** Times of one instance that can never work together, wherever each of them is written. */
export function timeRules({ instance, app }: PlacedInstance): Problem[] {
  return impossibleTimes(instance).map(({ key, why }) => ({ path: [...app, ...key.split('.')], message: why }));
}

/** Rules among the instances of one host. */
export function clashesOn(placed: readonly PlacedInstance[]): Problem[] {
  const ports: TakenPorts = new Map();
  return placed.flatMap((own, index) => {
    const before = placed.slice(0, index).map(({ instance }) => instance);
    return [...sameContainer(own, before), ...sameServer(own, before), ...samePort(own, ports)];
  });
}

function sameContainer({ instance, app }: PlacedInstance, before: readonly Instance[]): Problem[] {
  const isTaken = before.some(({ container }) => container === instance.container);
  const hint = ' (several instances need {{ id }} in it)';
  return isTaken ? [{ path: [...app, 'name'], message: `two containers would be ${instance.container}${hint}` }] : [];
}

function sameServer({ instance, app }: PlacedInstance, before: readonly Instance[]): Problem[] {
  const taken = before
    .filter(({ container }) => container !== instance.container)
    .flatMap((one) => placesOf(one).flatMap(({ servers }) => servers))
    .filter((server) => !isToBeFound(server))
    .find((it) => placesOf(instance).some(({ servers }) => servers.some((own) => serverKey(own) === serverKey(it))));
  return taken
    ? [{ path: [...app, 'server'], message: `two containers would be behind ${taken.backend}/${taken.name}` }]
    : [];
}

/** What the instances before publish, by number and protocol: a range may have all numbers there are. */
type TakenPorts = Map<string, { readonly port: PublishedPort; readonly by: Instance }[]>;

function samePort({ instance, app }: PlacedInstance, taken: TakenPorts): Problem[] {
  return portsOf(instance).flatMap((port): Problem[] => {
    if (port.hostPort === undefined) return [];
    const key = `${port.hostPort}/${port.protocol}`;
    const others = taken.get(key) ?? [];
    const isTaken = others.some(
      ({ port: other, by }) => (by === instance || by.container !== instance.container) && collide(port, other),
    );
    taken.set(key, [...others, { port, by: instance }]);
    const message = `two containers would publish port ${published(port)}`;
    return isTaken ? [{ path: [...app, 'container', 'ports'], message }] : [];
  });
}

/** Both slots, where there are two: each of them may be taken at any time. */
function placesOf(instance: Instance): readonly Pick<Instance, 'servers' | 'spec'>[] {
  return instance.slots ?? [instance];
}

function portsOf(instance: Instance): readonly PublishedPort[] {
  return placesOf(instance).flatMap(({ spec }) => spec.ports ?? []);
}

function published({ hostIp, hostPort, protocol }: PublishedPort): string {
  return `${hostIp === '' ? '' : `${hostIp}:`}${hostPort ?? ''}/${protocol}`;
}
