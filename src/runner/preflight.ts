/** Looks at everything a run will rely on, on all hosts, and changes nothing. */
import type { LimitFunction } from 'p-limit';
import { Failure } from '../errors.ts';
import type { Report } from '../rollout/events.ts';
import { sameServer, type Instance } from '../rollout/model.ts';
import type { BackendState, Container } from '../rollout/observed.ts';
import { isAsDeclared, type FleetFacts, type InstanceFacts, type WantedImage } from '../rollout/plan.ts';
import type { HostPlay } from '../rollout/play.ts';
import { inspectRevert, type RevertInspection } from './archived.ts';
import { problem, type Finding } from './findings.ts';
import { balancerProblems, serverRemarks, unchecked } from './preflight-balancer.ts';
import { isProvenWithoutImage } from './readiness.ts';
import type { Fleet, HostAccess, RecordEntry } from './ports.ts';
import { isOwn } from './recorded.ts';
import type { RunIdentity } from './work.ts';
import { leftovers } from './leftovers.ts';

export interface Inspection {
  readonly facts: FleetFacts;
  /** What this very run has left in work when it died, as the hosts have recorded it. */
  readonly own: readonly RecordEntry[];
  readonly findings: readonly Finding[];
}

interface HostInspection {
  readonly instances: readonly (readonly [Instance, InstanceFacts])[];
  readonly backends: readonly BackendState[];
  readonly own: readonly RecordEntry[];
  readonly findings: readonly Finding[];
}

interface InspectContext {
  readonly fleet: Fleet;
  readonly report: Report;
  readonly limit: LimitFunction;
  readonly identity: Pick<RunIdentity, 'run'>;
  /** Asked of each host that cannot be had: whether the run goes on without it. */
  readonly goWithout?: (host: string, failure: Failure) => boolean;
  /** What is to be taken back may have been changed since. */
  readonly force?: boolean;
  /** The image that an earlier look has settled on: a tag that has moved since means nothing to a run under way. */
  readonly imageOf?: (instance: Instance) => WantedImage | undefined;
}

/** Inspects all hosts of the plays, as many at once as `limit` allows. One host's trouble does not hide another's. */
export async function inspectFleet(plays: readonly HostPlay[], context: InspectContext): Promise<Inspection> {
  const { fleet, limit, goWithout } = context;
  const hosts = [...new Set(plays.map(({ host }) => host))];
  const inspected = await Promise.all(
    hosts.map((host) =>
      limit(async (): Promise<HostInspection> => {
        const instances = plays.filter((play) => play.host === host).flatMap((play) => play.instances);
        try {
          return await inspectHost(await fleet.host(host), instances, context);
        } catch (error) {
          if (error instanceof Failure && goWithout?.(host, error))
            return { instances: [], backends: [], own: [], findings: [] };
          return { instances: [], backends: [], own: [], findings: [problem(host, error)] };
        }
      }),
    ),
  );
  return {
    facts: {
      instances: new Map(inspected.flatMap(({ instances }) => instances)),
      backends: inspected.flatMap(({ backends }) => backends),
    },
    own: inspected.flatMap(({ own }) => own),
    findings: inspected.flatMap(({ findings }) => findings),
  };
}

async function inspectHost(
  host: HostAccess,
  instances: readonly Instance[],
  { report, force = false, imageOf, identity: { run: ownRun } }: InspectContext,
): Promise<HostInspection> {
  const findings: Finding[] = [];
  const engine = await host.containers.version();
  const entries = await host.record.read();
  const own = entries.filter((entry) => isOwn(entry, ownRun));
  const names = instances.map(({ container }) => container);
  findings.push(...(await leftovers(host, names, { entries, ownRun })));

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
      backends.push(...states.flat().map((backend) => asBefore(backend, own)));
    } catch (error) {
      findings.push(problem(host.name, error));
    }
  }
  report({ type: 'host-ready', host: host.name, engine, balancers });

  const seen: (readonly [Instance, InstanceFacts])[] = [];
  for (const instance of instances) {
    findings.push(...(balancers.length === sockets.length ? serverRemarks(instance, backends) : []));
    try {
      const { facts, findings: more } = await inspectInstance(host, instance, {
        backends,
        force,
        image: imageOf?.(instance),
      });
      if (facts) seen.push([instance, facts]);
      findings.push(...more, ...vanishing(host.name, facts?.container));
    } catch (error) {
      findings.push(problem(host.name, error));
    }
  }
  return { instances: seen, backends, own, findings: unique(findings) };
}

/** What this run has taken out of service itself will be back before it takes the next: it counts as it was found. */
function asBefore(backend: BackendState, own: readonly RecordEntry[]): BackendState {
  const servers = backend.servers.map((state) => {
    const entry = own.find(({ server }) => sameServer(server, state.server));
    return entry ? { ...state, ...entry.standing, isUp: entry.wasUp } : state;
  });
  return { ...backend, servers };
}

interface Looking {
  readonly backends: readonly BackendState[];
  readonly force: boolean;
  readonly image: WantedImage | undefined;
}

async function inspectInstance(
  host: HostAccess,
  instance: Instance,
  { backends, force, image: known }: Looking,
): Promise<RevertInspection> {
  if (instance.revert) {
    const { facts, findings } = await inspectRevert(host, instance, instance.revert, { force });
    return { facts, findings: [...findings, ...unchecked(instance, backends)] };
  }
  const container = await host.containers.inspect(instance.container);
  const image = known ?? (await wantedImage(host, instance));
  const changes = container ? await host.containers.changes(container.name, instance.spec) : [];
  const facts = { container, image, changes };
  const prospects = isAsDeclared(facts) && !force ? [] : await prospectsOf(instance, host);
  return { facts, findings: [...prospects, ...proofWarnings(instance, backends)] };
}

async function prospectsOf({ container, spec }: Instance, { containers, name }: HostAccess): Promise<Finding[]> {
  const { inTheWay, made } = await containers.prospects(spec);
  return [
    ...inTheWay.map((why): Finding => {
      return { kind: 'problem', host: name, text: `Cannot create ${container} on ${name}: ${why}` };
    }),
    ...made.map((what): Finding => {
      return { kind: 'warning', host: name, text: `${container} needs ${what}, which is not there: it will be made` };
    }),
  ];
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
