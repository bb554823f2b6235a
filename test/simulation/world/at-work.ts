import type { Controller } from './controller.ts';
import type { SimHost } from './host.ts';

/** Whether it is at work on the instance, as far as it has told. */
export function isAt(
  { isAlive, hasEnded, events }: Controller,
  { host, container }: { host: string; container: string },
) {
  const last = events.findLast(
    (event) =>
      (event.type === 'instance-started' || event.type === 'instance-ended') &&
      event.subject.host === host &&
      event.subject.name === container,
  );
  return isAlive && !hasEnded && last?.type === 'instance-started';
}

/** Whether a run that takes a host out of service before it begins has begun there. */
export function isAtAnyOf(controller: Controller, { name: host, setting }: SimHost): boolean {
  if (!['rollout', 'resume', 'rollback'].includes(controller.command)) return false;
  return setting.containers.some(({ name: container }) => isAt(controller, { host, container }));
}
