/** What must have been written down before a change: recorded on the host, journalled, and archived. */
import type { Controller } from './controller.ts';
import { isRecorded } from './fronts.ts';
import type { SimHost } from './host.ts';
import type { Change, Violation } from './watchman.ts';
import { pathOf } from './worker.ts';

interface Making {
  readonly change: Change;
  /** When the command left the controller. */
  readonly sentMs: number;
}

/** What is violated by a change that is about to take effect. */
export function missingBefore(
  controller: Controller,
  host: SimHost,
  making: Making,
): readonly Omit<Violation, 'atMs'>[] {
  const { name } = controller;
  const unrecorded = whatIsNotRecorded(host, making.change);
  const unjournalled = whatIsNotJournalled(controller, host, making);
  const unarchived = whatIsNotArchived(controller, host, making.change);
  return [
    ...(unrecorded === undefined ? [] : [{ invariant: 'recorded-first' as const, text: `${name}: ${unrecorded}` }]),
    ...(unjournalled === undefined
      ? []
      : [{ invariant: 'journalled-first' as const, text: `${name} ${unjournalled}` }]),
    ...(unarchived === undefined ? [] : [{ invariant: 'archived-first' as const, text: `${name}: ${unarchived}` }]),
  ];
}

function whatIsNotJournalled(controller: Controller, host: SimHost, { change, sentMs }: Making): string | undefined {
  const { journal } = controller;
  const steps = controller.dealings.stepsOf(host, change);
  // What is recorded goes when nothing is left to undo, also when nothing can be written down any more.
  const isOver = change.what === 'record' && change.entries.every((entry) => host.record.includes(entry));
  const [taken] = steps;
  if (taken === undefined || steps.some(({ event, ms }) => sentMs < ms || event <= journal.kept)) return undefined;
  if (journal.isBroken && (steps.some(({ isHomeward }) => isHomeward) || isOver)) return undefined;
  return `acts on ${host.name}, and ${taken.step} is not in its journal yet`;
}

/** What is set aside may be gone for good, and is what a rollback goes back to. */
function whatIsNotArchived({ run, command }: Controller, host: SimHost, change: Change): string | undefined {
  if (change.what !== 'container' || change.name.includes('.replaced-')) return undefined;
  if (change.verb !== 'rename' && change.verb !== 'create') return undefined;
  if (command === 'rollback' || host.archive.has(`${run}/${change.name}`)) return undefined;
  return `${change.verb} ${change.name} on ${host.name}, which is not archived`;
}

function whatIsNotRecorded(host: SimHost, change: Change): string | undefined {
  if (change.what === 'record' || change.what === 'ready') return undefined;
  // Under its record a push sets in a new worker what was set in the one before.
  if (change.what === 'config') return change.isLate() ? undefined : whatIsNoPush(host, change.verb);
  if (host.pushing.record && change.what !== 'container' && change.what !== 'job') return undefined;
  if (change.what === 'job') {
    const isKnown = host.record.some(({ kind }) => kind === 'maintain');
    return isKnown ? undefined : `${change.id} begins on ${host.name}, and nothing is recorded`;
  }
  if (change.what === 'container') {
    if (change.verb === 'remove' && change.name.includes('.replaced-')) return undefined;
    const name = change.name.replace(/\.replaced-.*$/, '');
    if (host.record.some(({ container, running }) => container === name || running?.includes(name))) return undefined;
    // One that lands late may find nothing any more, or the name taken, and the Engine refuses it: it changes nothing, so
    // that nothing can be lost by it.
    if ((change.verb === 'create') === (host.engine.find(change.name) !== undefined)) return undefined;
    return `${change.verb} ${change.name} on ${host.name}, not recorded`;
  }
  const isOn = change.what === 'agent' && change.isEnabled;
  const isIn = change.what === 'weight' ? change.weight > 0 : change.what === 'admin' && change.admin !== 'maint';
  if (isOn || isIn || isRecorded(host, change.server)) return undefined;
  return `${change.what} of ${pathOf(change.server)} on ${host.name}, not recorded`;
}

function whatIsNoPush({ name, pushing }: SimHost, verb: string): string | undefined {
  const isChange = verb.startsWith('put') || verb.startsWith('reload');
  return isChange && !pushing.record ? `${verb} of the configuration on ${name}, not recorded` : undefined;
}
