/** What the hosts have archived, looked at before anything is taken back to it. */
import { Failure } from '../errors.ts';
import { byDigest } from '../rollout/image-change.ts';
import type { Instance, Revert } from '../rollout/model.ts';
import type { Container, Image } from '../rollout/observed.ts';
import type { InstanceFacts } from '../rollout/plan.ts';
import type { Finding } from './findings.ts';
import type { Archived, Containers, HostAccess } from './ports.ts';

/** The old container's image as the archive has it. */
type OldImage = NonNullable<Archived['old']>['image'];

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
  { container: name }: Instance,
  { run, toNothing }: Revert,
  { force }: { readonly force: boolean },
): Promise<RevertInspection> {
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
  return { facts: { container, image, changes: [], isAsFound }, findings };
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
