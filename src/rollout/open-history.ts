/** What a run has begun and not ended: of that, hooks after it are still to come. */
import type { StampedEvent } from './events.ts';
import type { HookSubject } from './hooks.ts';
import type { EndState } from './lifecycle.ts';

export interface OpenHistory {
  /** In work now: plays come one after the other, but for the way back of what was updated. */
  readonly play: string;
  /** Batches and hosts, by `batchKey` and `hostKey`. */
  readonly begun: readonly string[];
  /** Instances that have ended on hosts that have not. */
  readonly instances: readonly { readonly host: string; readonly name: string; readonly state: EndState }[];
}

export const nothingOpen: OpenHistory = { play: '', begun: [], instances: [] };

export function batchKey(play: string, number: number): string {
  return JSON.stringify([play, number]);
}

export function hostKey(play: string, host: string): string {
  return JSON.stringify([play, host]);
}

export function openAfter(before: OpenHistory, event: StampedEvent): OpenHistory {
  const { play } = before;
  if (isRevert(event)) return before;
  if (event.type === 'batch-started') {
    return withBegun({ ...before, play: event.play }, batchKey(event.play, event.number));
  }
  if (event.type === 'instance-started')
    return withBegun(without(before, event.subject), hostKey(play, event.subject.host));
  if (event.type === 'instance-ended') {
    const { subject, state } = event;
    return { ...before, instances: [...without(before, subject).instances, { ...subject, state }] };
  }
  const ended =
    event.type === 'host-ended'
      ? hostKey(play, event.host)
      : event.type === 'batch-ended'
        ? batchKey(play, event.number)
        : undefined;
  if (ended === undefined) return before;
  const instances = before.instances.filter(({ host }) => event.type !== 'host-ended' || host !== event.host);
  return { ...before, instances, begun: before.begun.filter((key) => key !== ended) };
}

/** Whether what a hook was run before, or after, is over with this event, or begins anew. */
export function endsFor(hook: HookSubject, event: StampedEvent, { play }: OpenHistory): boolean {
  const { point } = hook;
  if (isRevert(event)) return false;
  if (event.type === 'instance-started') return point === 'after_instance' && isOf(hook, event.subject);
  if (event.type === 'instance-ended') return point !== 'after_instance' && isOf(hook, event.subject);
  if (hook.play !== play) return false;
  if (event.type === 'host-ended') return hook.host === event.host && point.endsWith('_host');
  return event.type === 'batch-ended' && hook.batch === event.number && point.endsWith('_batch');
}

/** The way back of what a run has updated has no hooks, and may go on beside what has. */
function isRevert(event: StampedEvent): boolean {
  return 'isRevert' in event && event.isRevert;
}

function isOf({ host, container }: HookSubject, subject: { readonly host: string; readonly name: string }): boolean {
  return host === subject.host && container === subject.name;
}

function without(before: OpenHistory, subject: { readonly host: string; readonly name: string }): OpenHistory {
  const isOther = (one: OpenHistory['instances'][number]): boolean =>
    one.host !== subject.host || one.name !== subject.name;
  return { ...before, instances: before.instances.filter(isOther) };
}

function withBegun(before: OpenHistory, key: string): OpenHistory {
  return before.begun.includes(key) ? before : { ...before, begun: [...before.begun, key] };
}
