import pLimit, { type LimitFunction } from 'p-limit';
import { Failure, isOutOfReach } from '../../errors.ts';
import type { Instance } from '../../rollout/model.ts';
import type { Image } from '../../rollout/observed.ts';
import { instancesOf, type FleetFacts, type InstancePlan, type PlayPlan } from '../../rollout/plan.ts';
import { fetchArchived } from './archived.ts';
import { problem, refuseIfProblems, type Finding } from '../hosts/findings.ts';
import type { HeldHosts } from '../hosts/held-hosts.ts';
import type { HostAccess, LoadRequest, PullProgress } from '../ports/ports.ts';
import { inheritedOf, laterTimeWarnings } from './time-warnings.ts';
import { isProvenWithoutImage, noProof } from '../instance/readiness.ts';
import type { RunContext } from '../run.ts';

/** Images that a host gets at the same time: what runs there needs its disk and its network meanwhile. */
export const PULLS_PER_HOST = 1;

/** Between two lines about a pull, in milliseconds. */
const TELL_EVERY_MS = 5_000;

type Bringing = Pick<RunContext, 'report' | 'stop' | 'clock' | 'loads'>;

interface Planned {
  readonly plans: readonly PlayPlan[];
  readonly facts: FleetFacts;
}

/** The images are on every host before the first server is touched, and they are those of the plan. */
export async function pullAll({ plans, facts }: Planned, held: HeldHosts, context: Bringing & Bounds): Promise<void> {
  const { report, stop } = context;
  const inTurn = turnsOf(context);
  const wanted = plans.flatMap(instancesOf).filter(({ action }) => action === 'create' || action === 'replace');
  const unique = new Map(
    wanted.map((one) => [`${one.instance.host} ${one.to.reference} ${pullKey(one.instance)}`, one]),
  );
  const checks = new Map<string, Image['healthcheck']>();
  const pulled = await Promise.all(
    [...unique.values()].map(({ instance, to }) =>
      inTurn(instance.host, async (): Promise<Finding[]> => {
        try {
          const image = await bring({ instance, to }, held.host(instance.host).access, context);
          if (!image) return [];
          if (to.digest !== undefined && image.digests.length > 0 && !image.digests.includes(to.digest)) {
            const text = `Cannot use ${to.reference} on ${instance.host}: it was ${to.digest} in the plan and is ${image.digests.join(', ')} now`;
            throw new Failure('docker', text);
          }
          const digest = to.digest ?? image.digests[0] ?? image.id;
          checks.set(`${instance.host} ${to.reference}`, image.healthcheck);
          report({ type: 'image-pulled', host: instance.host, image: to.reference, digest });
          return unprovenBy(image, wanted, { reference: to.reference, host: instance.host, facts });
        } catch (error) {
          stop.beforeNext.throwIfAborted();
          return [problem(instance.host, error)];
        }
      }),
    ),
  );
  const problems = pulled.flat();
  for (const { host, text } of problems) report({ type: 'problem', host, text });
  refuseIfProblems(problems, context.hasEnded);
  // What the plan did not know yet.
  const unknown = wanted
    .map(({ instance }) => instance)
    .filter((one) => facts.instances.get(one)?.image.healthcheck === undefined);
  const later = laterTimeWarnings(unknown, (one) =>
    inheritedOf(one, facts, checks.get(`${one.host} ${one.spec.image}`)),
  );
  for (const { host, text } of later) report({ type: 'warning', host, text });
}

interface Bounds {
  /** Of all hosts. */
  readonly limit: LimitFunction;
  readonly pullsPerHost: number | undefined;
  /** Of what was over on the hosts, something has been ended or put back before. */
  readonly hasEnded: boolean;
}

/** What waits for its host takes no turn from other hosts. */
function turnsOf({ limit, pullsPerHost = PULLS_PER_HOST }: Omit<Bounds, 'hasEnded'>) {
  const ofHosts = new Map<string, LimitFunction>();
  return async <T>(host: string, pull: () => Promise<T>): Promise<T> => {
    const ofHost = ofHosts.get(host) ?? pLimit(pullsPerHost);
    ofHosts.set(host, ofHost);
    return ofHost(() => limit(pull));
  };
}

/** What was found has an image of its own, whatever else its name may mean by now. */
function pullKey({ revert, container, spec }: Instance): string {
  return revert ? container : `${spec.pullPolicy} ${spec.platform ?? ''}`;
}

async function bring(
  { instance, to }: Pick<InstancePlan, 'instance' | 'to'>,
  host: HostAccess,
  context: Bringing,
): Promise<Image | undefined> {
  const signal = context.stop.beforeNext;
  if (instance.revert) return fetchArchived(host, instance, signal);
  const { image: reference, pullPolicy: policy, platform } = instance.spec;
  const load = context.loads?.get(reference);
  if (load) return loaded({ reference, image: load, signal }, host, context);
  const onProgress = nowAndThen(context, { host: host.name, image: reference });
  return host.containers.pull({ reference, policy, platform, digest: to.digest, signal, onProgress });
}

/** A connection that was lost under way is dialled anew, once: nothing of the image has got a name by then. */
async function loaded(request: LoadRequest, host: HostAccess, context: Bringing): Promise<Image> {
  const about = { host: host.name, image: request.reference, from: request.image.from };
  const onProgress = nowAndThen(context, about);
  try {
    return await host.containers.load({ ...request, onProgress });
  } catch (error) {
    if (!(error instanceof Failure) || !isOutOfReach(error) || request.signal.aborted) throw error;
    onProgress({ current: 0, total: 0, again: error.message });
    return host.containers.load({ ...request, onProgress });
  }
}

/** Tells of a pull once it takes long, and then not too often; of an image that comes `from` here likewise. */
function nowAndThen(
  { report, clock }: Pick<RunContext, 'report' | 'clock'>,
  { from, ...about }: { readonly host: string; readonly image: string; readonly from?: string },
): (progress: PullProgress) => void {
  let nextAt = clock.now() + TELL_EVERY_MS;
  return ({ current, total, again }) => {
    if (again === undefined && (total === 0 || clock.now() < nextAt)) return;
    nextAt = clock.now() + TELL_EVERY_MS;
    const progress = { ...about, current, total, ...(again !== undefined && { again }) };
    report(from === undefined ? { type: 'image-pulling', ...progress } : { type: 'image-loading', from, ...progress });
  };
}

/** Those whose only proof could have been a healthcheck that the image turns out not to have. */
function unprovenBy(
  image: Image,
  wanted: readonly InstancePlan[],
  { reference, host, facts }: { readonly reference: string; readonly host: string; readonly facts: FleetFacts },
): Finding[] {
  return wanted
    .filter(({ instance }) => !instance.revert)
    .filter(({ instance }) => !image.healthcheck || instance.spec.healthcheck?.test?.[0] === 'NONE')
    .filter((one) => one.instance.host === host && one.to.reference === reference)
    .filter(({ instance }) => !isProvenWithoutImage(instance, facts.backends))
    .map(({ instance }) => ({ kind: 'problem', host, text: noProof(instance) }));
}
