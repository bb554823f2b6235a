/** One HAProxy gets its configuration: replaced, reloaded, its servers as they stood; or it has the old one again. */
import { Failure, reasonOf } from '../../errors.ts';
import type { BalancerConfig } from '../../rollout/balancer-config.ts';
import { correctionOf, isSet } from '../../rollout/carry-over.ts';
import type { ConfigStep, Report } from '../../rollout/events.ts';
import { sameServer, serverPath } from '../../rollout/model.ts';
import type { ServerState } from '../../rollout/observed.ts';
import { isUsable } from '../../rollout/capacity.ts';
import { carryOver, untilServing } from './carrying-over.ts';
import type { Carried, ConfigPort, PushRecord, PushRecords, Standings } from '../ports/config-port.ts';
import { newWorker } from './new-worker.ts';
import type { Stop } from '../instance/advance.ts';
import { beforeActing } from '../instance/before-acting.ts';
import type { Clock, Journal, LoadBalancer } from '../ports/ports.ts';

export interface ConfigAccess {
  readonly file: ConfigPort;
  readonly records: PushRecords;
  readonly balancer: LoadBalancer;
  /** Makes sure that the host is ours, before every change. */
  readonly keep: () => Promise<void>;
}

/** What is to be done to one HAProxy. */
export interface ConfigPlan {
  readonly config: BalancerConfig;
  readonly access: ConfigAccess;
  /** The file as it is; undefined: there is none. */
  readonly before: string | undefined;
  /** Left by a push that died. */
  readonly left: PushRecord | undefined;
  /** The file that a failure puts back: what is there, or what was there before the push that died. */
  readonly original: string | undefined;
  /** What HAProxy runs with, as far as it can be told. */
  readonly inEffect: string | undefined;
}

export interface PushContext {
  readonly clock: Clock;
  readonly report: Report;
  readonly journal: Journal;
  readonly identity: { readonly run: string; readonly by: string };
  /** `forward`: take it back; `homeward`: leave everything where it is. */
  readonly stop: Pick<Stop, 'forward' | 'homeward'>;
}

/** What came of it. `failed`: the old configuration is in effect. `stuck`: it is not known what is; the record stays. */
export type Pushed = { readonly end: 'updated' } | { readonly end: 'failed' | 'stuck'; readonly reason: string };

export async function pushConfig(plan: ConfigPlan, context: PushContext): Promise<Pushed> {
  const { config, access, before, left, original, inEffect } = plan;
  const { file, records, keep } = access;
  const { by, run } = context.identity;
  let found: Found;
  let isRecorded = left !== undefined;
  try {
    if ((await file.read()) !== before)
      throw new Failure('refused', `Cannot push ${config.path}: it has changed since`);
    found = await findAll(access, left);
    await keep();
    const at = context.clock.date().toISOString();
    const servers = found.standings.servers.filter(isSet);
    await beforeActing(context.journal, false);
    // What one that died has backed up stays: the file may be its passage by now.
    if (!left) await file.backUp();
    isRecorded = true;
    await records.write({ path: config.path, by, run, at, pid: found.pid, servers });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return isRecorded ? withoutRecord(error, plan) : { end: 'failed', reason: error.message };
  }
  const bringing = { access, config, context, signal: context.stop.forward, homeward: false };
  let isCarried = false;
  const onCarried = (): void => void (isCarried = true);
  try {
    await bringIn({ from: inEffect ?? '', to: config.text, found, onCarried }, bringing);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const back = { ...bringing, signal: context.stop.homeward, homeward: true };
    return bringBack({ reason: error.message, original, found, isCarried }, back);
  }
  await dropRecord(bringing);
  return { end: 'updated' };
}

/** Nothing was touched, so nothing is under way; what a push that died has left still is. */
async function withoutRecord({ message: reason }: Failure, { left, access }: ConfigPlan): Promise<Pushed> {
  if (left) return { end: 'failed', reason };
  try {
    await access.records.drop();
    return { end: 'failed', reason };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { end: 'stuck', reason: `${reason}; ${error.message}` };
  }
}

/** How everything stands before: the servers as they are to be afterwards, and those that requests are served by. */
interface Found {
  /** The worker that has the original file. */
  readonly pid: number;
  readonly standings: Standings;
  /** The same as it was seen, whatever one that died has found. */
  readonly seen: Standings;
  readonly serving: readonly ServerState[];
}

async function findAll({ file, balancer }: ConfigAccess, left: PushRecord | undefined): Promise<Found> {
  const standings = await file.standings();
  const backends = await balancer.backends();
  const serving = backends.flatMap(({ servers }) => servers).filter(isUsable);
  const found = left ? withLeft(standings, left) : standings;
  return { pid: left?.pid ?? standings.pid, standings: found, seen: standings, serving };
}

/** A worker that began in the middle of a push that died may have servers as they are configured: they were not. */
function withLeft(standings: Standings, left: PushRecord): Standings {
  if (left.pid === standings.pid) return standings;
  const servers = standings.servers.map((now) => {
    const then = left.servers.find(({ server }) => serverPath(server) === serverPath(now.server));
    return then === undefined || isSet(now) ? now : { ...then, server: now.server };
  });
  return { ...standings, servers };
}

/**
 * What somebody has set since counts as that: in the worker that was there before, or, once all was carried over, in the
 * new one.
 */
function withOthers(found: Found, now: Standings, isCarried: boolean): Found {
  const { standings, seen } = found;
  const isAsBefore = now.pid === seen.pid;
  if (!isAsBefore && !isCarried) return found;
  const isChanged = (then: Carried, one: Carried): boolean => {
    const before = isAsBefore ? seen.servers.find(({ server }) => sameServer(server, one.server)) : undefined;
    const reference = before ?? then;
    return correctionOf(reference, one) !== undefined || reference.isAgentSilent !== one.isAgentSilent;
  };
  const changed = standings.servers.flatMap((then) => {
    const one = now.servers.find(({ server }) => sameServer(server, then.server));
    return one && isChanged(then, one) ? [one] : [];
  });
  if (changed.length === 0) return found;
  const servers = standings.servers.map(
    (then) => changed.find(({ server }) => sameServer(server, then.server)) ?? then,
  );
  return { ...found, standings: { ...standings, servers, state: now.state } };
}

interface Change {
  readonly from: string;
  readonly to: string;
  readonly found: Found;
  /** Told once the servers of the new worker stand as they did. */
  readonly onCarried?: () => void;
}

export interface Bringing {
  readonly access: ConfigAccess;
  readonly config: BalancerConfig;
  readonly context: PushContext;
  /** Ends what waits. */
  readonly signal: AbortSignal;
  /** The old configuration is brought back. */
  readonly homeward: boolean;
}

async function bringIn({ from, to, found, onCarried }: Change, bringing: Bringing): Promise<void> {
  const { access } = bringing;
  const { file, keep } = access;
  const { standings, serving } = found;
  const wanted = await file.passage(from, to, standings);
  const passage = wanted && (await file.refusal(wanted.text)) === undefined ? wanted : undefined;
  await step('replace', bringing, async () => {
    await keep();
    await file.put(passage?.text ?? to, passage?.state);
    return `${bringing.config.path} written, ${linesIn(to)} lines`;
  });
  const pid = (await file.standings()).pid;
  await step('reload', bringing, async () => {
    await keep();
    const failed = await file.failedReloads();
    const answer = await file.reload(pid);
    if (!answer.ok) throw new Failure('haproxy', `Cannot reload HAProxy: ${answer.why}`);
    const now = await newWorker(file, { pid, failed }, bringing);
    return `by ${answer.how}: process ${pid} → ${now}`;
  });
  await step('carryOver', bringing, () => carryOver(standings, bringing));
  onCarried?.();
  await keep();
  if (passage) await file.put(to);
  await file.tidy();
  await step('settle', bringing, () => untilServing(serving, bringing)).catch((error: unknown) => {
    // On the way back it is enough that the old configuration is in effect: what is told is why it was taken back.
    if (!bringing.homeward || !(error instanceof Failure)) throw error;
  });
}

interface Failed {
  readonly reason: string;
  readonly original: string | undefined;
  readonly found: Found;
  readonly isCarried: boolean;
}

/** The file as it was, and HAProxy with it; what was set at runtime is set again. */
async function bringBack({ reason, original, found, isCarried }: Failed, bringing: Bringing): Promise<Pushed> {
  const { access, config, signal } = bringing;
  const { file, keep } = access;
  const isStopped = (): boolean => signal.aborted;
  if (isStopped()) return { end: 'stuck', reason: leftAsItIs(reason) };
  try {
    await step('putBack', bringing, async () => {
      await keep();
      if (original === undefined) throw new Failure('haproxy', 'there was no file before that could be put back');
      await file.putBack();
      await file.tidy();
      return `${config.path} is what it was`;
    });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { end: 'stuck', reason: `${reason}; ${error.message}` };
  }
  try {
    const now = withOthers(found, await file.standings(), isCarried);
    await bringIn({ from: config.text, to: original ?? '', found: now }, bringing);
    await keep();
    await file.putBack();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (isStopped()) return { end: 'stuck', reason: leftAsItIs(reason) };
    const isOld = await asBefore(found, access);
    return { end: isOld ? 'failed' : 'stuck', reason: `${reason}; the old file is back, but: ${error.message}` };
  }
  await dropRecord(bringing);
  return { end: 'failed', reason };
}

/** What is in effect stays: that its record could not be dropped is no reason to go back. */
async function dropRecord({ access, config, context }: Bringing): Promise<void> {
  const drop = async (): Promise<void> => {
    await access.keep();
    await access.records.drop();
  };
  try {
    await drop().catch(drop);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const how = 'it is away after the next "sluice haproxy push", which anything else there waits for';
    const text = `The record of the push of ${config.path} stays behind: ${error.message}: ${how}`;
    context.report({ type: 'warning', host: config.balancer.host, text });
  }
}

function leftAsItIs(reason: string): string {
  return `${reason}; it is left as it is, and "sluice haproxy push" goes on from there`;
}

/** The way back has failed, too: whether the file is what it was, and the worker that was there goes on. */
async function asBefore({ pid }: Found, access: ConfigAccess): Promise<boolean> {
  const { file, records, keep } = access;
  try {
    await keep();
    await file.putBack();
    await file.tidy();
    if ((await file.standings()).pid !== pid) return false;
    await records.drop();
    return true;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return false;
  }
}

async function step(name: ConfigStep, bringing: Bringing, act: () => Promise<string>): Promise<string> {
  const { config, context, homeward } = bringing;
  const { clock, report, journal } = context;
  const began = clock.now();
  const about = { host: config.balancer.host, path: config.path, step: name };
  report({ type: 'config-step-started', ...about });
  try {
    // Once HAProxy has the new worker, what puts its servers right must not wait for a disk.
    await beforeActing(journal, homeward || name === 'carryOver' || name === 'settle');
    const outcome = await act();
    report({ type: 'config-step', ...about, ms: clock.now() - began, outcome, isOk: true });
    return outcome;
  } catch (error) {
    report({ type: 'config-step', ...about, ms: clock.now() - began, outcome: reasonOf(error), isOk: false });
    throw error;
  }
}

function linesIn(text: string): number {
  return text.trimEnd().split('\n').length;
}
