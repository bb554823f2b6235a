/** Deliberate breakages of what is done where an HAProxy on a host of its own is out of reach. */
import { changed } from '../support/changed.ts';
import { hosts, records } from './breaking.ts';
import type { Breakage } from './playing.ts';
import type { Controller } from './world/controller.ts';

/** By what it is that is broken. */
export const centralBreakages: Readonly<Record<string, Breakage>> = {
  'a serving container taken from an HAProxy out of reach': hosts((host, controller) => ({
    containers: changed(host.containers, {
      inspect: async (name) => {
        const one = await host.containers.inspect(name);
        return one && isWithdrawn(name, host.name, controller) ? { ...one, health: 'unhealthy' } : one;
      },
    }),
  })),
  'not known who may send requests to a serving container': records((record, { command }) => ({
    read: async () =>
      (await record.read()).map((entry) => (command === 'recover' ? { ...entry, letIn: undefined } : entry)),
  })),
};

/** Whether it is being taken out of service again, by what was told last of it. */
function isWithdrawn(name: string, host: string, { events }: Controller): boolean {
  const last = events.findLast(
    (event) =>
      'subject' in event &&
      event.subject.name === name &&
      event.subject.host === host &&
      event.type.startsWith('step-'),
  );
  return last?.type === 'step-started' && last.step === 'withdraw';
}
