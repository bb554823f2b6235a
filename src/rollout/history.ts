/** What a run's journal says of it: the events, in their order, as the state that they have come to. */
import { endOf, isOfItsRecord, leftAs, updatedBefore, versionsOf } from './attempts.ts';
import type { Stamp, StampedEvent, Subject } from './events.ts';
import { isHaproxyEvent, type HaproxyEvent } from './haproxy-events.ts';
import { isGoingBack } from './going-back.ts';
import { hooksAfter, hooksBrokenOff, nothingYet, openedAndEnded, type HookEvent } from './hook-history.ts';
import { withHost, withInstance } from './host-histories.ts';
import type { Step } from './lifecycle.ts';
import { sameServer } from './model.ts';
import type {
  HostHistory,
  InstanceHistory,
  InstanceState,
  PlannedInstance,
  RunHistory,
  StepHistory,
} from './run-history.ts';

export * from './run-history.ts';

type SubjectEvent = Extract<StampedEvent, { readonly subject: Subject }>;
type FleetEvent = Exclude<StampedEvent, SubjectEvent | HookEvent | HaproxyEvent>;

/**
 * The state that the events have come to. Works for the events so far of a run that goes on, or of one that died;
 * events of types that are not known here change nothing. Undefined when the run's start is not among them. `before`: what
 * those before them have come to.
 */
export function replay(events: readonly StampedEvent[], before?: RunHistory): RunHistory | undefined {
  let history = before;
  for (const event of events) {
    if (event.type === 'run-started') history = started(history, event);
    if (history) history = after(history, event);
  }
  return history && { ...history, lastAt: events.at(-1)?.ts ?? history.lastAt };
}

function after(history: RunHistory, event: StampedEvent): RunHistory {
  if ('hook' in event) return { ...history, hooks: hooksAfter(history.hooks, event) };
  const before = { ...history, ...openedAndEnded(history, event) };
  if (isHaproxyEvent(event)) return ofHaproxy(before, event);
  return 'subject' in event ? ofSubject(before, event) : ofFleet(before, event);
}

function started(before: RunHistory | undefined, event: Extract<StampedEvent, { type: 'run-started' }>): RunHistory {
  const { run, ts, command, by, version, machine, pid } = event;
  const process = { version, machine, pid, lastStartedAt: ts, lastAt: ts, outcome: undefined };
  if (before) {
    const broken = { hosts: before.hosts.map(brokenOff), hooks: hooksBrokenOff(before.hooks) };
    return { ...before, ...process, ...broken, wentBack: isGoingBack(before) };
  }
  const hosts = event.hosts.map((host) => ({ host, end: undefined, reason: '', instances: [] }));
  const { invocation, fingerprint } = event;
  return {
    ...{ run, command, by, startedAt: ts, hosts, invocation, fingerprint, notes: [], wentBack: false },
    ...nothingYet,
    ...process,
  };
}

/** The run is gone on with: what its first process was at has no end any more. */
function brokenOff(host: HostHistory): HostHistory {
  const instances = host.instances.map((one) => ({ ...one, steps: withoutRunning(one.steps) }));
  return { ...host, end: undefined, reason: '', instances };
}

function withoutRunning(steps: readonly StepHistory[]): readonly StepHistory[] {
  return steps.map((step) => (step.result === 'running' ? { ...step, result: 'brokenOff' as const } : step));
}

function ofFleet(history: RunHistory, event: FleetEvent): RunHistory {
  const at = event.ts;
  switch (event.type) {
    case 'planned':
      return event.plan.batches.reduce(
        (before, { number, hosts }) =>
          hosts
            .flatMap(({ instances }) => instances)
            .reduce((one, plan) => planned(one, plan, { play: event.plan.name, batch: number }), before),
        history,
      );
    case 'problem':
    case 'warning':
      return withNote(history, { at, kind: event.type, host: event.host, text: event.text });
    case 'stop-asked':
    case 'halted':
      return withNote(history, { at, kind: 'stop', host: '', text: 'why' in event ? event.why : event.signal });
    case 'host-skipped':
      return withHost(history, event.host, (host) => ({ ...host, end: 'unreachable', reason: event.reason }));
    case 'host-ended':
      return withHost(history, event.host, (host) => hostEnded(host, event));
    case 'run-ended':
      return { ...history, outcome: { type: event.type, at, end: event.end, exitStatus: event.exitStatus } };
    case 'run-failed':
      return { ...history, outcome: refusalOf(event) };
    case 'rollback-started':
      return event.isWhole && event.of === history.run ? { ...history, wentBack: true } : history;
    case 'run-started':
    case 'lock-waiting':
    case 'host-ready':
    case 'image-pulling':
    case 'image-loading':
    case 'image-pulled':
    case 'batch-started':
    case 'batch-ended':
    case 'hold-started':
    case 'maintenance-planned':
    case 'pause-started':
    case 'pause-ended':
    case 'question-asked':
    case 'question-answered':
      return history;
  }
  return history;
}

function ofHaproxy(history: RunHistory, event: Stamp & HaproxyEvent): RunHistory {
  if (event.type === 'config-waiting') return history;
  const what = 'step' in event ? `${event.step} ${event.path}` : event.text;
  const outcome = 'isOk' in event ? `: ${event.isOk ? '' : 'failed: '}${event.outcome.split('\n')[0] ?? ''}` : ' …';
  return withNote(history, { at: event.ts, kind: 'change', host: event.host, text: `${what}${outcome}` });
}

function hostEnded(host: HostHistory, { ts: at, end, reason }: Extract<StampedEvent, { type: 'host-ended' }>) {
  // One that nothing was done to: the host was lost before.
  const instances = host.instances.map((one) =>
    one.state === 'inWork' && one.steps.length === 0 ? { ...one, state: 'unchanged' as const, endedAt: at } : one,
  );
  return { ...host, end, reason, instances };
}

function refusalOf(event: Extract<FleetEvent, { type: 'run-failed' }>): RunHistory['outcome'] {
  const { type, ts: at, code, reason, exitStatus } = event;
  return { type, at, code, reason, exitStatus };
}

function withNote(history: RunHistory, note: RunHistory['notes'][number]): RunHistory {
  return { ...history, notes: [...history.notes, note] };
}

function ofSubject(history: RunHistory, event: SubjectEvent): RunHistory {
  const change = (to: (before: InstanceHistory) => InstanceHistory): RunHistory =>
    withInstance(history, event.subject, (before) =>
      to(before.startedAt === undefined ? { ...before, startedAt: event.ts } : before),
    );
  switch (event.type) {
    case 'instance-left':
      return withInstance(history, event.subject, (before) => {
        const state = event.isRevert && history.command !== 'rollback' ? 'unchanged' : leftAs(before);
        return { ...before, state, stateBefore: undefined, endedAt: event.ts };
      });
    case 'instance-started':
      return change((before) => ({
        ...before,
        ...begun,
        isFoundAgain: false,
        ...updatedBefore(before, event),
        ...versionsOf(history, before, event),
      }));
    case 'found':
      return change((before) => ({ ...before, found: foundAfter(before.found, event), isFoundAgain: true }));
    case 'step-started':
      return change((before) => {
        const step = { step: event.step, homeward: event.homeward, startedAt: event.ts, ms: undefined };
        const steps = [...withoutRunning(before.steps), { ...step, result: 'running' as const, text: '', details: [] }];
        return { ...before, ...begun, ...othersWork(history, before), steps };
      });
    case 'step-ended':
      return change((before) => stepEnded(before, { result: 'ok', text: event.outcome, details: [] }, event));
    case 'step-failed':
      return change((before) => stepEnded(before, failureOf(event), event));
    case 'remark':
      return change((before) => remarked(before, event));
    case 'instance-ended':
      return change((before) => ({
        ...before,
        ...{ state: endOf(history, before, event), endedAt: event.ts, steps: withoutRunning(before.steps) },
        stateBefore: event.state === 'outOfService' ? before.stateBefore : undefined,
      }));
    case 'output':
    case 'step-waiting':
    case 'ramped':
    case 'step-retried':
    case 'monitor-started':
    case 'monitor-ended':
    case 'monitor-failed':
      return history;
  }
  return history;
}

function failureOf({ reason, details }: Extract<StampedEvent, { type: 'step-failed' }>) {
  return { result: 'failed', text: reason, details } as const;
}

/** One that was drained already has no steps. */
function remarked(before: InstanceHistory, { ts: at, remark }: Extract<StampedEvent, { type: 'remark' }>) {
  const state = remark.about === 'held-on' ? 'drained' : before.state;
  return { ...before, state, remarks: [...before.remarks, { at, remark }] };
}

/** What is told of a server later is right; of two slots only one may be told of then. */
function foundAfter(
  before: InstanceHistory['found'],
  { servers, old }: Extract<StampedEvent, { type: 'found' }>,
): InstanceHistory['found'] {
  const others = (before?.servers ?? []).filter((one) => !servers.some(({ server }) => sameServer(server, one.server)));
  return { servers: [...others, ...servers], old };
}

/** Steps that a rollout takes before it has begun an instance finish what another run has left in work there. */
function othersWork({ command }: RunHistory, before: InstanceHistory): Pick<InstanceHistory, 'stateBefore'> {
  const isOwn = (command !== 'rollout' && command !== 'rollback') || before.state === 'inWork';
  return isOwn ? {} : { stateBefore: before.stateBefore ?? before.state };
}

const begun = { state: 'inWork', endedAt: undefined } as const;

function stepEnded(
  before: InstanceHistory,
  end: Pick<StepHistory, 'result' | 'text' | 'details'>,
  event: Extract<StampedEvent, { type: 'step-ended' | 'step-failed' }>,
): InstanceHistory {
  const index = before.steps.findLastIndex(({ step, result }) => step === event.step && result === 'running');
  const steps = before.steps.map((step, at) => (at === index ? { ...step, ...end, ms: event.ms } : step));
  const state = isServer(before.subject) ? serverState(event.step, end.result) : before.state;
  const isBack = event.step === 'rollBack' && end.result === 'ok' && isOfItsRecord(before);
  const endedAt = state === 'inWork' ? {} : { endedAt: event.ts };
  return { ...before, steps, state, ...endedAt, ...(isBack && { stateBefore: undefined }) };
}

/** A container's name has no slash, a server's has one. */
function isServer({ name }: Subject): boolean {
  return name.includes('/');
}

/** Of a drain that failed, the way back comes next. */
function serverState(step: Step, result: StepHistory['result']): InstanceState {
  if (step === 'drain') return result === 'ok' ? 'drained' : 'inWork';
  return result === 'ok' ? 'restored' : 'outOfService';
}

/** A later play is planned again; what was begun by then keeps what it came to. */
function planned(
  history: RunHistory,
  plan: PlannedInstance,
  place: { readonly play: string; readonly batch: number },
): RunHistory {
  const { host, container: name } = plan.instance;
  return withInstance(history, { host, name }, (before) =>
    before.state === 'notReached'
      ? { ...before, ...place, plan, from: plan.from?.reference, to: plan.to.reference }
      : before,
  );
}
