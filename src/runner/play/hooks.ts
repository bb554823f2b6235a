import { Failure, reasonOf } from '../../errors.ts';
import type { Report } from '../../rollout/events.ts';
import { durationText } from '../../rollout/durations.ts';
import {
  hookEnvironment,
  hookName,
  type CommandHook,
  type GateHook,
  type Hook,
  type HookPlace,
  type HookPoint,
  type HookSubject,
  type Occasion,
} from '../../rollout/hooks.ts';
import { beforeActing } from '../instance/before-acting.ts';
import type { Asking, CommandEnd, Commands } from '../ports/commands.ts';
import { waitForGate } from '../waiting/gate.ts';
import { isPassing } from '../waiting/poll.ts';
import { saysWhen } from '../waiting/watch.ts';
import type { Clock, HostAccess, Journal } from '../ports/ports.ts';

export interface HookContext {
  readonly clock: Clock;
  readonly report: Report;
  readonly journal: Journal;
  readonly controller: Commands & Asking;
  /** What may be told of a text; a hook may tell everybody. */
  readonly hide: (text: string) => string;
  readonly held: (host: string) => { readonly access: Pick<HostAccess, 'run' | 'ask' | 'containers'> };
}

/** The hooks of one point, and what they are run around. */
export interface HookCall {
  readonly point: HookPoint;
  readonly hooks: readonly Hook[] | undefined;
  readonly occasion: Occasion;
  readonly signal: AbortSignal;
  /** Ends gates, before that: what they would let begin does not begin any more. */
  readonly gatesUntil: AbortSignal;
  /** They come after the act, when nothing is begun any more: what cannot be journalled does not keep them. */
  readonly homeward: boolean;
  /** The names of the containers that run at this point. */
  readonly containers?: { readonly old?: string | undefined; readonly new?: string | undefined };
  /** Why one is not to be run, or undefined. */
  readonly skips?: (subject: HookSubject, hook: Hook) => string | undefined;
}

/**
 * Runs the hooks of a point, one after the other. None is run twice, whatever became of it: a command is no step that
 * could look how far it got.
 *
 * @throws Failure of the first that fails, unless its failure is to be ignored; then the others are not run. Never one
 * that is passing. `signal.reason` once that aborts
 */
export async function runHooks(call: HookCall, context: HookContext): Promise<void> {
  for (const hook of call.hooks ?? []) {
    const subject = subjectOf(hook, call);
    const act = actOf(hook, { subject, call }, context);
    const stopped = call.signal.aborted ? reasonOf(call.signal.reason) : undefined;
    const why = call.skips?.(subject, hook) ?? stopped ?? (typeof act === 'string' ? act : undefined);
    if (why !== undefined) context.report({ type: 'hook-skipped', hook: subject, why });
    else if (typeof act !== 'string') await runOne(hook, { subject, act, call }, context);
  }
  call.signal.throwIfAborted();
}

/** What hooks have thrown, where that must not escape; a bug does. */
export async function failureOfHooks(call: HookCall, context: HookContext): Promise<Failure | undefined> {
  try {
    await runHooks(call, context);
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

type Act = () => Promise<Outcome>;

interface One {
  readonly subject: HookSubject;
  readonly act: Act;
  readonly call: HookCall;
}

async function runOne(hook: Hook, { subject, act, call }: One, context: HookContext): Promise<void> {
  const { report, clock, journal } = context;
  const { signal, homeward } = call;
  const began = clock.now();
  report({ type: 'hook-started', hook: subject });
  await beforeActing(journal, homeward);
  const { why, output, isUnknown, value } = await outcomeOf(act);
  const until = hook.gate ? AbortSignal.any([signal, call.gatesUntil]) : signal;
  // What comes after the act has nothing to keep from beginning, if nothing comes of its failure.
  const isIgnored = hook.onFailure === 'ignore' && (!until.aborted || (homeward && !signal.aborted));
  const failed = isIgnored ? 'ignored' : hook.gate && until.aborted ? 'cut' : 'failed';
  const result = why === '' ? 'ok' : isUnknown ? 'unknown' : failed;
  const seen = value === undefined ? {} : { value };
  report({ type: 'hook-ended', hook: subject, ms: clock.now() - began, result, why, output, ...seen });
  // That it has ended is known before anything comes of it.
  await beforeActing(journal, homeward);
  if (why === '' || isIgnored) return;
  until.throwIfAborted();
  throw new Failure('error', `${hookName(subject)} ${why}`);
}

interface Outcome {
  /** Empty when it ended well; completes "The hook …". */
  readonly why: string;
  readonly output: readonly string[];
  /** Whether it has ended is not known. */
  readonly isUnknown?: boolean;
  /** The number that a gate has seen last. */
  readonly value?: number | undefined;
}

async function outcomeOf(act: Act): Promise<Outcome> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code === 'interrupted') return { why: `was ended: ${error.message}`, output: [] };
    const isUnknown = isPassing(error);
    const why = `failed: ${error.message}${isUnknown ? '; whether it has ended is not known' : ''}`;
    return { why, output: [], isUnknown };
  }
}

type About = Pick<One, 'subject' | 'call'>;

/** Text: why there is no such place. */
function actOf(hook: Hook, { subject, call }: About, context: HookContext): Act | string {
  if (hook.gate) return gateAt(hook, { subject, call }, context);
  const commands = commandsFor(hook, call, context);
  if (typeof commands === 'string') return commands;
  const { occasion, signal } = call;
  const { noLog, timeoutMs, spec } = hook;
  return async () => {
    const reason = occasion.reason === undefined ? undefined : context.hide(occasion.reason);
    const env = hookEnvironment(hook, subject, { ...occasion, reason });
    const end = await commands.run({ command: spec.command, env, withinMs: timeoutMs, signal });
    return outcomeOfCommand(end, { noLog, timeoutMs });
  };
}

function outcomeOfCommand(
  { exitCode, output }: CommandEnd,
  { noLog, timeoutMs }: Pick<CommandHook, 'noLog' | 'timeoutMs'>,
): Outcome {
  const told = noLog ? [] : output;
  if (exitCode === 0) return { why: '', output: told };
  if (exitCode === undefined) return { why: `was ended: it took longer than ${durationText(timeoutMs)}`, output: told };
  const last = told.findLast((line) => line.trim() !== '');
  return { why: `ended with ${exitCode}${last === undefined ? '' : `: ${last.trim()}`}`, output: told };
}

function gateAt(hook: GateHook, { subject, call }: About, { clock, report, controller, held }: HookContext): Act {
  const { host } = subject;
  const machine = hook.where === 'host' && host !== undefined ? held(host).access : controller;
  const isTime = saysWhen(clock);
  return async () => {
    const { why, seen, value } = await waitForGate(hook, machine, {
      clock,
      signal: AbortSignal.any([call.signal, call.gatesUntil]),
      waiting: (text, now, leftMs) => {
        const told = now === undefined ? {} : { value: now };
        if (isTime()) report({ type: 'hook-waiting', hook: subject, why: text, leftMs, ...told });
      },
    });
    return { why, output: why === '' ? [seen] : [], value };
  };
}

function subjectOf({ name, where }: Hook, { point, occasion }: HookCall): HookSubject {
  const { play, batch, container } = occasion;
  const host = hostOf(where, occasion);
  return {
    ...{ name, point, where, play },
    ...(batch && { batch: batch.number }),
    ...(host !== undefined && { host }),
    ...(container !== undefined && { container }),
  };
}

/** What is not about one host is done on the first. */
function hostOf(where: HookPlace, { host, hosts }: Occasion): string | undefined {
  return host ?? (where === 'controller' ? undefined : hosts[0]);
}

function commandsFor(
  { where }: CommandHook,
  { occasion, containers }: HookCall,
  context: HookContext,
): Commands | string {
  if (where === 'controller') return context.controller;
  const host = hostOf(where, occasion);
  if (host === undefined) return 'there is no host';
  const { access } = context.held(host);
  if (where === 'host') return access;
  const name = where === 'old_container' ? containers?.old : containers?.new;
  if (name === undefined) return `there is no ${where === 'old_container' ? 'old' : 'new'} container that runs`;
  return { run: (request) => access.containers.run(name, request) };
}
