/** Looks at everything a run will rely on, on all hosts, and changes nothing. */
import type { LimitFunction } from 'p-limit';
import { Failure } from '../../errors.ts';
import type { Report } from '../../rollout/events.ts';
import { foundTwice, isToBeFound } from '../../rollout/discover.ts';
import { THE_HOST } from '../../rollout/maintenance.ts';
import { keepsContainer, serversOf, type FrontTier, type Instance, type Server } from '../../rollout/model.ts';
import type { BackendState, Container } from '../../rollout/observed.ts';
import { isAsDeclared, type FleetFacts, type InstanceFacts, type WantedImage } from '../../rollout/plan.ts';
import type { HostPlay } from '../../rollout/play.ts';
import { alsoThere } from './also-there.ts';
import { inspectRevert, type RevertInspection } from './archived.ts';
import { problem, type Finding } from '../hosts/findings.ts';
import { withFoundNames } from './discovery.ts';
import { inspectFront } from './inspect-front.ts';
import { inspectBalancers, type Balancers } from './inspect-balancers.ts';
import { inspectStaying } from './inspect-staying.ts';
import { serverRemarks, unchecked } from './preflight-balancer.ts';
import { rampProblems } from './preflight-ramp.ts';
import { weightProblems } from './preflight-weights.ts';
import { isProvenWithoutImage } from '../instance/readiness.ts';
import { findSlot, recordedOtherwise } from './find-slot.ts';
import { inTheWay, isKeptBy, keptThere, type KeptThere } from './in-the-way.ts';
import { overOn } from '../hosts/host-time.ts';
import type { Fleet, HostAccess, LoadableImage, Loads, RecordEntry } from '../ports/ports.ts';
import { isOwn } from '../instance/recorded.ts';
import type { RunIdentity } from '../instance/work.ts';
import { leftovers } from '../hosts/leftovers.ts';

export interface Inspection {
  readonly facts: FleetFacts;
  /** What this very run has left in work when it died, as the hosts have recorded it, as `host container`. */
  readonly recorded: ReadonlySet<string>;
  readonly findings: readonly Finding[];
}

/** A host that is there, and what it says of earlier runs. */
interface Reached {
  readonly host: HostAccess;
  readonly instances: readonly Instance[];
  /** The tiers in front of it, one for each play that says so. */
  readonly fronts: readonly FrontTier[];
  readonly engine: string;
  readonly own: readonly RecordEntry[];
  /** What will be put back before anything else, since its time is over. */
  readonly over: readonly RecordEntry[];
  readonly kept: KeptThere;
  readonly findings: readonly Finding[];
}

interface HostInspection {
  readonly instances: readonly (readonly [Instance, InstanceFacts])[];
  readonly findings: readonly Finding[];
}

interface InspectContext {
  readonly fleet: Fleet;
  readonly report: Report;
  readonly limit: LimitFunction;
  readonly identity: Pick<RunIdentity, 'run'>;
  /** Asked of each host that cannot be had: whether the run goes on without it. */
  readonly goWithout?: (host: string, failure: Failure) => boolean;
  /** The same of a host whose HAProxys do not answer. */
  readonly goWithoutBalancer?: (host: string, failure: Failure) => boolean;
  /** Images that come from this machine rather than from a registry. */
  readonly loads?: Loads | undefined;
  /** What is to be taken back may have been changed since. */
  readonly force?: boolean;
  /** What this very run has updated already, as its journal says: it is not replaced by force once more. */
  readonly isUpdated?: (instance: Instance) => boolean;
  /** What is over by now of what is kept, or drained, on the hosts will be ended, or put back, before anything else. */
  readonly isBeforeEnding?: boolean;
  /** The image that an earlier look has settled on: a tag that has moved since means nothing to a run under way. */
  readonly imageOf?: (instance: Instance) => WantedImage | undefined;
}

/**
 * Inspects all hosts of the plays and the balancers of their servers, as many at once as `limit` allows. One host's
 * trouble does not hide another's.
 */
export async function inspectFleet(plays: readonly HostPlay[], context: InspectContext): Promise<Inspection> {
  const { limit, report, fleet } = context;
  const hosts = [...new Set(plays.map(({ host }) => host))];
  const looks = await Promise.all(hosts.map((host) => limit(() => reach(host, plays, context))));
  const reached = looks.filter((look) => 'host' in look);
  const own = reached.flatMap((one) => [...one.own, ...one.over]);
  const tiers = reached.flatMap(({ host, fronts }) => fronts.map((front) => ({ host, front })));
  const used = [
    ...reached.flatMap(({ instances }) => instances.flatMap(serversOf)),
    ...tiers.flatMap(({ front }) => front.servers),
  ];
  const balancers = await inspectBalancers(used, { ...context, own });
  for (const { host, instances, engine } of reached) {
    report({ type: 'host-ready', host: host.name, engine, balancers: balancers.namesFor(host.name, instances) });
  }
  const inspected = await Promise.all(reached.map((one) => limit(() => inspectHost(one, balancers, context))));
  const inFront = await Promise.all(
    tiers.map(({ host, front }) => limit(() => inspectFront(front, host, { ...balancers, fleet }))),
  );
  const findings = [...looks, balancers, ...inspected, ...inFront].flatMap((one) => one.findings);
  const instances = new Map(inspected.flatMap((one) => one.instances));
  findings.push(...foundTwice([...instances.values()].flatMap(({ settled }) => settled ?? [])).map(asProblem));
  const recorded = new Set(
    reached.flatMap((one) => one.own.map(({ container = THE_HOST }) => `${one.host.name} ${container}`)),
  );
  const fronts = new Map(tiers.map(({ front }, index) => [front, inFront[index]?.front ?? front]));
  return { facts: { instances, fronts, backends: balancers.backends }, recorded, findings: unique(findings) };
}

async function reach(
  name: string,
  plays: readonly HostPlay[],
  { fleet, goWithout, isBeforeEnding = false, identity: { run: ownRun } }: InspectContext,
): Promise<Reached | Pick<Reached, 'findings'>> {
  const its = plays.filter((play) => play.host === name);
  const instances = its.flatMap((play) => play.instances);
  const fronts = its.flatMap(({ front }) => front ?? []);
  try {
    const host = await fleet.host(name);
    const engine = await host.containers.version();
    const entries = await host.record.read();
    const containers = instances.map(({ container }) => container);
    return {
      ...{ host, instances, fronts, engine },
      own: entries.filter((entry) => isOwn(entry, ownRun)),
      over: await overOn(host, entries),
      kept: await keptThere(host, entries),
      findings: await leftovers(host, containers, { entries, ownRun, isBeforeEnding }),
    };
  } catch (error) {
    if (error instanceof Failure && goWithout?.(name, error)) return { findings: [] };
    return { findings: [problem(name, error)] };
  }
}

async function inspectHost(
  { host, instances, own, kept }: Reached,
  { backends, all, knows }: Balancers,
  { force = false, isBeforeEnding = false, isUpdated, imageOf, loads, fleet, identity }: InspectContext,
): Promise<HostInspection> {
  const findings: Finding[] = [];
  const seen: (readonly [Instance, InstanceFacts])[] = [];
  const isKnown = (server: Server): boolean => !isToBeFound(server) && knows(server);
  for (const declared of instances) {
    const its: Finding[] = [];
    let settled = declared;
    let container: Container | undefined;
    try {
      const { instance, findings: nameless } = await withFoundNames(declared, host, { backends, knows });
      its.push(...nameless);
      const isOurs = isKeptBy(identity.run, instance, kept) || isUpdated?.(instance) === true;
      const { facts, findings: more } = await inspectInstance(host, instance, {
        ...{ backends, force, isUpdated: isOurs, loads, own, image: imageOf?.(instance) },
      });
      settled = facts?.settled ?? instance;
      container = facts?.container;
      if (facts) seen.push([declared, { ...facts, settled }], [settled, facts]);
      const way = facts && inTheWay(settled, { kept, facts, isForced: force && !isOurs, isBeforeEnding });
      if (way) {
        findings.push(way);
        continue;
      }
      if (serversOf(settled).every(isKnown)) its.push(...(await rampProblems(settled, fleet)));
      its.push(...more, ...recordedOtherwise(settled, own), ...vanishing(host.name, facts?.container));
    } catch (error) {
      its.push(problem(host.name, error));
    }
    if (serversOf(settled).every(isKnown)) {
      findings.push(...serverRemarks(settled, backends), ...(await weightProblems(settled, { backends, fleet })));
      findings.push(...(await alsoThere(settled, all, { container, host, inSlots: slotsOf(settled, instances) })));
    }
    findings.push(...its);
  }
  return { instances: seen, findings };
}

interface Looking {
  readonly backends: readonly BackendState[];
  readonly force: boolean;
  readonly isUpdated: boolean;
  readonly image: WantedImage | undefined;
  readonly loads: Loads | undefined;
  readonly own: readonly RecordEntry[];
}

async function inspectInstance(
  host: HostAccess,
  instance: Instance,
  { backends, force, isUpdated, loads, image: known, own }: Looking,
): Promise<RevertInspection> {
  if (instance.revert) {
    const { facts, findings } = await inspectRevert(host, instance, instance.revert, { force, backends, own });
    return { facts, findings: [...findings, ...unchecked(instance, backends)] };
  }
  const load = loads?.get(instance.spec.image);
  const wanted = async (): Promise<WantedImage> =>
    known ?? (load ? loadedImage(host, instance.spec.image, load) : wantedImage(host, instance));
  if (keepsContainer(instance)) return inspectStaying(host, instance, { own, backends, wanted });
  const container = await host.containers.inspect(instance.container);
  const image = await wanted();
  const { now, next, changesNow, changesNext } = await findSlot(instance, { container, own, host });
  const asItIs = { container, image, changes: changesNow, settled: now, isUpdated };
  const isInWork = instance.slots !== undefined && own.some((entry) => entry.container === instance.container);
  if (isAsDeclared(asItIs) && (!force || isUpdated) && !isInWork)
    return { facts: asItIs, findings: proofWarnings(now, backends) };
  const facts = { container, image, changes: changesNext, settled: next, isUpdated };
  return { facts, findings: [...(await prospectsOf(next, host)), ...proofWarnings(next, backends)] };
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
    if (local) return { id: local.id, digest: local.digests[0], healthcheck: local.healthcheck };
    if (pullPolicy === 'never') {
      throw new Failure('docker', `Cannot use ${reference} on ${name}: it is not there, and pull_policy is never`);
    }
  }
  return { id: undefined, ...(await containers.remoteImage(reference)) };
}

/** Whatever the host has under this name: the image that comes from this machine, as the host knows it or will. */
async function loadedImage(host: HostAccess, reference: string, image: LoadableImage): Promise<WantedImage> {
  for (const id of image.ids) {
    const local = await host.containers.image(id);
    if (local) return { id, digest: undefined, healthcheck: local.healthcheck };
  }
  const { id, from, bytes, open } = image;
  if (typeof open !== 'string') return { id, digest: undefined, load: { from, bytes } };
  const why = `the host does not have ${id}, and ${from}, which it was loaded from, ${open}`;
  throw new Failure(
    'docker',
    `Cannot use ${reference} on ${host.name}: ${why}: put it back, or name another with --load`,
  );
}

/** The image may still have a healthcheck of its own, which shows once it is on the host. */
function proofWarnings(instance: Instance, backends: readonly BackendState[]): Finding[] {
  if (isProvenWithoutImage(instance, backends)) return [];
  const text = `${instance.container} has no ready check: only a healthcheck in its image can prove that it answers`;
  return [{ kind: 'warning', host: instance.host, text }];
}

function slotsOf({ container }: Instance, instances: readonly Instance[]): readonly Server[] {
  return instances.filter((one) => one.container === container && (one.slots ?? one.other)).flatMap(serversOf);
}

/** A container started with `--rm` is gone once it is stopped: there would be nothing to go back to. */
function vanishing(host: string, container: Container | undefined): Finding[] {
  if (!container?.isAutoRemoved) return [];
  const text = `${container.name} was started with --rm and would be gone once it is stopped: start it anew without`;
  return [{ kind: 'problem', host, text }];
}

function asProblem(found: Pick<Finding, 'host' | 'text'>): Finding {
  return { kind: 'problem', ...found };
}

function unique(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [`${finding.kind} ${finding.host} ${finding.text}`, finding])).values()];
}
