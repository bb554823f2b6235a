/** Apps that are replaced `start-first` or `blue-green`: an instance in each of two slots, made one. */
import { isToBeFound } from '../../rollout/discover.ts';
import { durationText } from '../../rollout/durations.ts';
import { serverKey, type DeclaredSlot, type Instance, type Strategy } from '../../rollout/model.ts';
import type { DocumentPath } from '../document.ts';
import type { Problem } from './complaints.ts';
import { Misfit, type Leaf } from './field.ts';
import type { PlacedInstance } from './rules.ts';

const NAME = /^[a-zA-Z0-9_.-]{1,32}$/;

export const slotNames: Leaf<readonly [string, string]> = {
  says: 'a list of two names such as [a, b]',
  parse: (value) => {
    if (!Array.isArray(value)) return new Misfit();
    if (value.length !== 2) return new Misfit(`it has ${value.length}`);
    const names = value.map((it: unknown) => (typeof it === 'number' ? String(it) : it));
    const [one, other] = names;
    if (typeof one !== 'string' || typeof other !== 'string' || ![one, other].every((it) => NAME.test(it))) {
      return new Misfit();
    }
    return one === other ? new Misfit('the two are the same') : [one, other];
  },
};

/** What an app says of how it is replaced, after what falls back to what. */
export interface Replacing {
  readonly strategy: Strategy;
  readonly hasSlots: boolean;
  /** A command for the strategy `run`. */
  readonly hasRun: boolean;
  /** What the play says of what is in work at once. */
  readonly pace: { readonly throttle?: number | undefined; readonly lockstep?: boolean | undefined } | undefined;
  /** Whether this says how long old containers run on, and what it is written in. */
  readonly keepsFor: DocumentPath | undefined;
  readonly app: DocumentPath;
}

/** The one needs the other, or cannot be beside it. */
export function strategyRules({ strategy, hasSlots, hasRun, pace, keepsFor, app }: Replacing): Problem[] {
  const isInSlots = strategy === 'start-first' || strategy === 'blue-green';
  if (keepsFor && strategy !== 'blue-green') {
    const message = `is a time, for which old containers run on with strategy: blue-green, and this is ${strategy}: say how many are kept, such as 1`;
    return [{ path: [...keepsFor, 'keep'], message }];
  }
  if (strategy === 'run' && !hasRun) {
    return [{ path: [...app, 'run'], message: 'is required with strategy: run, here or in the play' }];
  }
  if (isInSlots && !hasSlots) {
    const message = `is required with strategy: ${strategy} (two names such as [a, b]: see docs/strategies.md)`;
    return [{ path: [...app, 'slots'], message }];
  }
  if ((strategy === 'in-place' || strategy === 'recreate-host') && hasSlots) {
    const message = `stands beside strategy: ${strategy}, which has no use for them: say strategy: start-first`;
    return [{ path: [...app, 'slots'], message, which: 'key' }];
  }
  return strategy === 'recreate-host' || strategy === 'blue-green' ? companyRules(strategy, pace, app) : [];
}

/** All the instances of a host at once are more than one at a time. */
function companyRules(
  strategy: Strategy,
  { throttle, lockstep }: NonNullable<Replacing['pace']> = {},
  app: DocumentPath,
): Problem[] {
  const message = `${strategy} takes all the instances of a host at once, and cannot be beside`;
  const path = [...app, 'strategy'];
  return [
    ...(throttle === undefined ? [] : [{ path, message: `${message} throttle: say serial or window` }]),
    ...(lockstep === true ? [{ path, message: `${message} lockstep, in which hosts go on one by one` }] : []),
  ];
}

/** What a host has of `blue-green` in a play changes over together, in one order, and is kept until one moment. */
export function switchRules(placed: readonly PlacedInstance[]): Problem[] {
  const [first, ...others] = placed.filter(({ instance }) => instance.strategy === 'blue-green');
  const { container, switching: whole } = first?.instance ?? {};
  return others.flatMap(({ instance: { switching: own }, app }): Problem[] => {
    if (!own || !whole) return [];
    const differs = (key: string, mine: string, its: string): Problem[] => {
      const why = `all of a host change over together: say one ${key}, in the play`;
      return mine === its
        ? []
        : [{ path: [...app, key], message: `is ${mine}, and ${its} for ${container ?? ''}: ${why}` }];
    };
    return [
      ...differs('switch', own.order, whole.order),
      ...differs('keep', durationText(own.keepMs), durationText(whole.keepMs)),
    ];
  });
}

/** What two slots must not share, or nobody could tell them apart. */
export function slotRules({ slots }: Instance, app: DocumentPath): Problem[] {
  if (!slots) return [];
  const [one, other] = slots;
  const hint = 'use {{ slot }} in it';
  const placesOf = ({ servers }: DeclaredSlot): string =>
    JSON.stringify(servers.map(({ balancer, backend }) => ({ balancer, backend })));
  const declared = one.servers.filter((server) => !isToBeFound(server));
  const shared = declared.some((server) => other.servers.some((it) => serverKey(it) === serverKey(server)));
  return [
    ...(placesOf(one) === placesOf(other)
      ? []
      : [{ path: [...app, 'balancer'], message: 'is another in each slot: {{ slot }} must not be in it' }]),
    ...(shared ? [{ path: [...app, 'server'], message: `is the same in both slots: ${hint}` }] : []),
    ...(JSON.stringify(one.spec) === JSON.stringify(other.spec)
      ? [{ path: [...app, 'container'], message: `is the same in both slots: ${hint}, in its ports for example` }]
      : []),
  ];
}

/** The instance as it is read in each of its slots, as one. */
export function inSlots(names: readonly [string, string], read: readonly [Instance, Instance]): Instance {
  const slotOf = (index: 0 | 1): DeclaredSlot => {
    const { servers, ready, spec, hooks } = read[index];
    return { name: names[index], servers, ready, spec, ...(hooks && { hooks }) };
  };
  return { ...read[0], slots: [slotOf(0), slotOf(1)] };
}
