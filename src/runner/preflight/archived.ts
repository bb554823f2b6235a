/** What the hosts have archived, looked at before anything is taken back to it. */
import { Failure } from '../../errors.ts';
import { byDigest } from '../../rollout/image-change.ts';
import type { Instance, Revert, Server } from '../../rollout/model.ts';
import type { BackendState, Container, Image } from '../../rollout/observed.ts';
import { stateOf, type InstanceFacts } from '../../rollout/plan.ts';
import { isProvenWithoutImage } from '../instance/readiness.ts';
import { isLeaving } from './find-slot.ts';
import { backInSlot } from '../../rollout/slots.ts';
import type { Finding } from '../hosts/findings.ts';
import type { Archived, Containers, HostAccess, RecordEntry } from '../ports/ports.ts';

/** The old container's image as the archive has it. */
type OldImage = NonNullable<Archived['old']>['image'];

interface Inspecting {
  readonly force: boolean;
  /** Of the servers of the instance. */
  readonly backends: readonly BackendState[];
  /** What the run that takes it back has recorded of it already. */
  readonly own?: readonly RecordEntry[];
}

export interface RevertInspection {
  readonly facts: InstanceFacts | undefined;
  readonly findings: readonly Finding[];
}

/**
 * How one instance stands that is to be taken back, and what is in the way. `force`: what somebody has changed since
 * the run is taken back all the same.
 */
export async function inspectRevert(
  host: HostAccess,
  instance: Instance,
  { run, toNothing }: Revert,
  { force, backends, own = [] }: Inspecting,
): Promise<RevertInspection> {
  const { container: name } = instance;
  const archived = await host.archive.load(run, name);
  if (!archived || (archived.old === undefined) !== toNothing) {
    const text = `The archive has nothing of ${name} from run ${run} (it keeps the last five runs): roll out the older version instead`;
    return { facts: undefined, findings: [{ kind: 'problem', host: host.name, text }] };
  }
  const { old, made } = archived;
  const container = await host.containers.inspect(name);
  const isAsFound = old ? container !== undefined && (await host.containers.isAsIn(name, old.snapshot)) : !container;
  const isChanged = !isAsFound && container?.id !== made;
  const missing = old && !isAsFound ? await whyNotToBeHad(host.containers, old.image) : undefined;
  const findings: Finding[] = [];
  if (isChanged)
    findings.push({ kind: force ? 'warning' : 'problem', host: host.name, text: changed(name, run, container) });
  const lost = old && !isAsFound ? await host.containers.lostOf(old.snapshot) : undefined;
  if (lost !== undefined) findings.push({ kind: 'problem', host: host.name, text: `${name} cannot go back: ${lost}` });
  if (missing !== undefined)
    findings.push({ kind: 'problem', host: host.name, text: `${name} cannot go back: ${missing}` });
  const image = { id: old?.image.id, digest: old?.image.digests[0] };
  if (old?.slot === undefined && container && isServingIn(instance.other?.servers, instance.servers, backends)) {
    const why = 'it serves in another slot by now, and the archive does not say which one it was found in';
    findings.push({ kind: 'problem', host: host.name, text: `${name} cannot go back: ${why}` });
  }
  const there = old?.slot === undefined ? instance : backTo(instance, old.slot, { container, made, backends, own });
  const { settled, text } = old?.isUnready ? withoutItsProbe(there, run, backends) : { settled: there };
  if (text !== undefined && !isAsFound) findings.push({ kind: 'warning', host: host.name, text });
  return { facts: { container, image, changes: [], isAsFound, settled }, findings };
}

/** The `ready` that a version did not pass when it served is that of its successor, and no proof of it. */
function withoutItsProbe(
  instance: Instance,
  run: string,
  backends: readonly BackendState[],
): { readonly settled: Instance; readonly text?: string } {
  const { ready, container } = instance;
  if (!ready.probe) return { settled: instance };
  const what = `${container} did not pass "ready" when run ${run} found it`;
  const without = { ...instance, ready: { ...ready, probe: undefined } };
  if (isProvenWithoutImage(without, backends))
    return { settled: without, text: `${what}: HAProxy's check is to prove it` };
  return { settled: instance, text: `${what}: it may not pass now, and would not stay` };
}

interface Whereabouts extends Required<Pick<Inspecting, 'backends' | 'own'>> {
  readonly container: Container | undefined;
  readonly made: string | undefined;
}

/**
 * In the slot that was found, from where HAProxy sees the container now; where that says nothing, the one that the run
 * has made is in the other slot, and any other where it was. What is being taken back already goes on as it began.
 */
function backTo(instance: Instance, found: string, { container, made, backends, own }: Whereabouts): Instance {
  const back = backInSlot(instance, found, { leaves: true });
  if (back.leaving && isLeaving(back.leaving, own)) return back;
  if (!container) return { ...back, leaving: undefined };
  const [isThere, isBack] = [isUp(back.leaving?.servers ?? [], backends), isUp(back.servers, backends)];
  const leaves = isThere === isBack ? container.id === made : isThere;
  return leaves ? back : { ...back, leaving: undefined };
}

function isUp(servers: readonly Server[], backends: readonly BackendState[]): boolean {
  return servers.some((server) => stateOf(server, backends)?.isUp === true);
}

function isServingIn(
  those: readonly Server[] | undefined,
  these: readonly Server[],
  backends: readonly BackendState[],
): boolean {
  return those !== undefined && isUp(those, backends) && !isUp(these, backends);
}

function changed(name: string, run: string, container: Container | undefined): string {
  if (!container)
    return `${name}, which run ${run} has made, is gone: somebody has removed it since (--force makes the old one again)`;
  return `${name} is not the container that run ${run} has made: somebody has replaced it since, it runs ${container.image.reference} now (--force takes it back all the same)`;
}

/** Makes sure that the image of what was found is on the host; undefined where nothing was found. */
export async function fetchArchived(
  { containers, archive, name: host }: HostAccess,
  { container, revert }: Instance,
  signal: AbortSignal,
): Promise<Image | undefined> {
  const old = revert && (await archive.load(revert.run, container))?.old;
  if (!old) return undefined;
  const present = await containers.image(old.image.id);
  if (present) return present;
  const reference = pullable(old.image);
  const image = reference === undefined ? undefined : await containers.pull({ reference, policy: 'missing', signal });
  if (image?.id === old.image.id) return image;
  throw new Failure('docker', `Cannot take ${container} on ${host} back: ${gone(old.image)}`);
}

async function whyNotToBeHad(containers: Containers, image: OldImage): Promise<string | undefined> {
  if (await containers.image(image.id)) return undefined;
  const reference = pullable(image);
  if (reference === undefined) return gone(image);
  try {
    await containers.remoteImage(reference);
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'docker') throw error;
    return `${gone(image)}: ${error.message}`;
  }
}

function pullable({ reference, digests: [digest] }: OldImage): string | undefined {
  return digest === undefined ? undefined : byDigest(reference, digest);
}

function gone({ reference, id }: OldImage): string {
  return `its image ${reference} (${id}) is not on the host any more and cannot be pulled`;
}
