import { Absent, Failure } from '../../errors.ts';
import { isOver } from '../../rollout/drained-until.ts';
import { keptAdvice, keptText } from '../../rollout/kept.ts';
import {
  emptiedBy,
  shortagesOf,
  type HostMaintenance,
  type MaintenancePlan,
  type MaintenanceWork,
} from '../../rollout/maintenance.ts';
import type { DrainPolicy, MinUp } from '../../rollout/model.ts';
import type { BackendState, Container } from '../../rollout/observed.ts';
import { batchesOf, type Serial } from '../../rollout/serial.ts';
import { problem, refuseIfProblems, type Finding } from '../hosts/findings.ts';
import { followerProblems } from '../preflight/followers.ts';
import { frontsOf, type Front, type Fronts } from '../preflight/in-front.ts';
import { leftovers } from '../hosts/leftovers.ts';
import { keptThere } from '../preflight/in-the-way.ts';
import type { HostAccess, RecordEntry } from '../ports/ports.ts';
import { balancerProblems } from '../preflight/preflight-balancer.ts';
import type { RunContext } from '../run.ts';
import { rowsOf } from '../preflight/survey.ts';

export interface MaintainRequest extends Fronts {
  readonly hosts: readonly string[];
  readonly serial: Serial;
  readonly work: MaintenanceWork;
  /** What reboots the host needs root. */
  readonly needsRoot: boolean;
  readonly policy: DrainPolicy;
  /** Of central backends; those of a host's own balancer lose everything. */
  readonly minUp: MinUp;
  readonly commandWithinMs: number;
  /** How long the host, its Engine and its containers may take to be back. */
  readonly backWithinMs: number;
  /** Whether the next hosts begin after one has failed. One that is left out of service always ends it. */
  readonly onFailure: 'stop' | 'continue';
  readonly onPlanned: (plan: MaintenancePlan) => void;
  readonly confirm: () => Promise<boolean>;
}

interface Looked {
  readonly host: HostMaintenance;
  readonly backends: readonly BackendState[];
}

type Reach = (name: string) => Promise<HostAccess>;

/**
 * What a maintenance would do. Looks only. `held`: by whom it is about to be done, who has ended what was over.
 *
 * @throws Failure after the problems have been reported
 */
export async function planMaintenance(
  request: MaintainRequest,
  context: RunContext,
  held?: { readonly reach: Reach; readonly hasEnded: boolean },
): Promise<MaintenancePlan> {
  const reach = held?.reach ?? ((name) => context.fleet.host(name));
  const { report, identity } = context;
  const findings: Finding[] = [];
  const looked = await Promise.all(
    request.hosts.map(async (name) => {
      try {
        return await lookAt(await reach(name), request, { reach, findings, run: identity.run, isBeforeEnding: !held });
      } catch (error) {
        findings.push(problem(name, error));
        return undefined;
      }
    }),
  );
  const whole = looked.filter((one) => one !== undefined);
  const hosts = whole.map(({ host }) => host);
  const batches = batchesOf(hosts, request.serial);
  const central = unique(whole.flatMap(({ backends }) => backends));
  for (const { host, text } of shortagesOf(batches, central, request.minUp))
    findings.push({ kind: 'problem', host, text });
  for (const { kind, host, text } of findings) report({ type: kind, host, text });
  refuseIfProblems(findings, held?.hasEnded);
  const consequences = batches.flatMap((batch) =>
    emptiedBy(batch, unique(whole.filter(({ host }) => batch.includes(host)).flatMap(({ backends }) => backends))),
  );
  const plan = {
    ...{ work: request.work, batches },
    consequences: consequences.map(
      ({ name, balancer }) => `backend ${name} on ${balancer.host} will have no usable server: its clients get 503`,
    ),
  };
  report({ type: 'maintenance-planned', plan });
  return plan;
}

interface Looking {
  readonly reach: Reach;
  readonly findings: Finding[];
  readonly run: string;
  /** What is over by now will be put back, or ended, before anything else. */
  readonly isBeforeEnding: boolean;
}

async function lookAt(
  access: HostAccess,
  request: MaintainRequest,
  { reach, findings, run, isBeforeEnding }: Looking,
): Promise<Looked | undefined> {
  const { name: host } = access;
  const central = request.balancers === undefined ? [] : await frontsOf(access, request, reach);
  const own = await ownFronts(access, request, findings);
  for (const { balancer, facts } of [...central, ...own]) findings.push(...balancerProblems(balancer, facts));
  const entries = await access.record.read();
  findings.push(...(await leftovers(access, [], { entries, ownRun: run, isBeforeEnding })));
  findings.push(...(await keptInTheWay(access, entries, isBeforeEnding)));
  if (request.needsRoot && !(await access.system()).isRoot) {
    const text = 'Cannot reboot it: its user is not root: set ansible_become, or say --reboot-command';
    findings.push({ kind: 'problem', host, text });
  }
  const [first, last] = [central, own].map((fronts) => fronts.flatMap(({ servers }) => servers));
  const servers = { central: first ?? [], own: last ?? [] };
  const all = [...servers.central, ...servers.own];
  if (all.length === 0) {
    findings.push({
      kind: 'problem',
      host,
      text: 'HAProxy has no server of it: there is nothing to take out of service',
    });
  }
  const containers = await access.containers.list();
  // One that is not well now is not waited for afterwards.
  const running = containers.filter(isWell).map(({ name }) => name);
  const behind = rowsOf(containers, all).filter((row) => row.servers.length > 0);
  const stopped = behind.flatMap(({ container }) => (container && isWell(container) ? [container.name] : []));
  const backends = [...central, ...own].flatMap((front) => front.backends);
  findings.push(...followerProblems(all, backends));
  return { host: { host, ...servers, running, stopped: request.work.containers === 'stop' ? stopped : [] }, backends };
}

/** What is kept has servers of its own in maintenance, and is to be there as it is afterwards. */
async function keptInTheWay(
  access: HostAccess,
  entries: readonly RecordEntry[],
  isBeforeEnding: boolean,
): Promise<readonly Finding[]> {
  const { sets, now } = await keptThere(access, entries);
  return sets.map((set): Finding => {
    const text = keptText(set, now);
    return isBeforeEnding && now && isOver(set, now)
      ? { kind: 'warning', host: access.name, text: `${text}: a maintenance ends that first` }
      : {
          kind: 'problem',
          host: access.name,
          text: `${text}, and all of the host would be taken out of service: ${keptAdvice(access.name)}`,
        };
  });
}

function isWell({ running, health }: Container): boolean {
  return running && (health === 'none' || health === 'healthy');
}

/**
 * Behind central balancers a host need not have one of its own. One that there may be, but that does not answer, may serve
 * all the same.
 */
async function ownFronts(access: HostAccess, request: MaintainRequest, findings: Finding[]): Promise<readonly Front[]> {
  try {
    return await frontsOf(access, { place: request.place, balancers: undefined }, async () => access);
  } catch (error) {
    if (request.balancers === undefined || !(error instanceof Failure)) throw error;
    const { name: host } = access;
    if (!(error instanceof Absent)) {
      const text = `Cannot take ${host} out of service at an HAProxy of its own, which may serve: ${error.message}`;
      throw new Failure(error.code, text, { cause: error });
    }
    findings.push({ kind: 'warning', host, text: `No HAProxy of its own is seen to: ${error.message}` });
    return [];
  }
}

/** Hosts behind the same central balancers have all seen the same of them. */
function unique(backends: readonly BackendState[]): readonly BackendState[] {
  const known = new Map(backends.map((one) => [`${one.balancer.host} ${one.balancer.socket} ${one.name}`, one]));
  return [...known.values()];
}
