/** Looks at everything a run will rely on, on all hosts, and changes nothing. */
import type { LimitFunction } from 'p-limit';
import { Failure } from '../errors.ts';
import type { Report } from '../rollout/events.ts';
import type { Instance } from '../rollout/model.ts';
import type { BackendState, Container } from '../rollout/observed.ts';
import type { FleetFacts, InstanceFacts, WantedImage } from '../rollout/plan.ts';
import type { HostPlay } from '../rollout/play.ts';
import { problem, type Finding } from './findings.ts';
import { balancerProblems, serverRemarks } from './preflight-balancer.ts';
import { isProvenWithoutImage } from './readiness.ts';
import type { Fleet, HostAccess } from './ports.ts';
import { leftovers } from './leftovers.ts';

export interface Inspection {
  readonly facts: FleetFacts;
  readonly findings: readonly Finding[];
}

interface HostInspection {
  readonly instances: readonly (readonly [Instance, InstanceFacts])[];
  readonly backends: readonly BackendState[];
  readonly findings: readonly Finding[];
}

interface InspectContext {
  readonly fleet: Fleet;
  readonly report: Report;
  readonly limit: LimitFunction;
  /** Asked of each host that cannot be had: whether the run goes on without it. */
  readonly goWithout?: (host: string, failure: Failure) => boolean;
}

/** Inspects all hosts of the plays, as many at once as `limit` allows. One host's trouble does not hide another's. */
export async function inspectFleet(
  plays: readonly HostPlay[],
  { fleet, report, limit, goWithout }: InspectContext,
): Promise<Inspection> {
  const hosts = [...new Set(plays.map(({ host }) => host))];
  const inspected = await Promise.all(
    hosts.map((host) =>
      limit(async (): Promise<HostInspection> => {
        const instances = plays.filter((play) => play.host === host).flatMap((play) => play.instances);
        try {
          return await inspectHost(await fleet.host(host), instances, report);
        } catch (error) {
          if (error instanceof Failure && goWithout?.(host, error))
            return { instances: [], backends: [], findings: [] };
          return { instances: [], backends: [], findings: [problem(host, error)] };
        }
      }),
    ),
  );
  return {
    facts: {
      instances: new Map(inspected.flatMap(({ instances }) => instances)),
      backends: inspected.flatMap(({ backends }) => backends),
    },
    findings: inspected.flatMap(({ findings }) => findings),
  };
}

async function inspectHost(host: HostAccess, instances: readonly Instance[], report: Report): Promise<HostInspection> {
  const findings: Finding[] = [];
  const engine = await host.containers.version();
  findings.push(
    ...(await leftovers(
      host,
      instances.map(({ container }) => container),
    )),
  );

  const sockets = [...new Set(instances.flatMap(({ servers }) => servers.map(({ balancer }) => balancer.socket)))];
  const backends: BackendState[] = [];
  const balancers: string[] = [];
  for (const socket of sockets) {
    try {
      const used = instances.flatMap(({ servers }) => servers.filter((server) => server.balancer.socket === socket));
      const balancer = host.balancer(socket, used[0]?.balancer.masterSocket);
      const facts = await balancer.facts();
      balancers.push(`${facts.version} (${socket})`);
      findings.push(...balancerProblems(host.name, socket, facts));
      const wanted = new Set(used.map(({ backend }) => backend));
      const states = await Promise.all([...wanted].map((backend) => balancer.backends(backend)));
      backends.push(...states.flat());
    } catch (error) {
      findings.push(problem(host.name, error));
    }
  }
  report({ type: 'host-ready', host: host.name, engine, balancers });

  const seen: (readonly [Instance, InstanceFacts])[] = [];
  for (const instance of instances) {
    findings.push(...(balancers.length === sockets.length ? serverRemarks(instance, backends) : []));
    try {
      const facts = await inspectInstance(host, instance);
      seen.push([instance, facts]);
      findings.push(...proofWarnings(instance, backends), ...vanishing(host.name, facts.container));
    } catch (error) {
      findings.push(problem(host.name, error));
    }
  }
  return { instances: seen, backends, findings: unique(findings) };
}

async function inspectInstance(host: HostAccess, instance: Instance): Promise<InstanceFacts> {
  const container = await host.containers.inspect(instance.container);
  const image = await wantedImage(host, instance);
  const changes = container ? await host.containers.changes(container.name, instance.spec) : [];
  return { container, image, changes };
}

/** The image a pull would end up with, found without pulling. */
async function wantedImage({ containers, name }: HostAccess, { spec }: Instance): Promise<WantedImage> {
  const { image: reference, pullPolicy } = spec;
  if (pullPolicy !== 'always') {
    const local = await containers.image(reference);
    if (local) return { id: local.id, digest: local.digests[0] };
    if (pullPolicy === 'never') {
      throw new Failure('docker', `Cannot use ${reference} on ${name}: it is not there, and pull_policy is never`);
    }
  }
  return { id: undefined, ...(await containers.remoteImage(reference)) };
}

/** The image may still have a healthcheck of its own, which shows once it is on the host. */
function proofWarnings(instance: Instance, backends: readonly BackendState[]): Finding[] {
  if (isProvenWithoutImage(instance, backends)) return [];
  const text = `${instance.container} has no ready check: only a healthcheck in its image can prove that it answers`;
  return [{ kind: 'warning', host: instance.host, text }];
}

/** A container started with `--rm` is gone once it is stopped: there would be nothing to go back to. */
function vanishing(host: string, container: Container | undefined): Finding[] {
  if (!container?.isAutoRemoved) return [];
  const text = `${container.name} was started with --rm and would be gone once it is stopped: start it anew without`;
  return [{ kind: 'problem', host, text }];
}

function unique(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [`${finding.kind} ${finding.text}`, finding])).values()];
}
