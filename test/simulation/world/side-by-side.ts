/** Two versions on one host, where all of its containers are replaced together. */
import type { SimContainer } from './engine.ts';
import type { SimHost } from './host.ts';
import type { Change } from './watchman.ts';
import type { World } from './world.ts';

/** What a container runs beside that it must not, when it has just been started; undefined: nothing. */
export function besideOthers({ setting }: World, { engine, name }: SimHost, change: Change): string | undefined {
  if (setting.isTogether !== true || change.what !== 'container' || change.verb !== 'start') return undefined;
  const started = engine.find(change.name);
  if (started?.status !== 'running') return undefined;
  const other = engine.containers.find((one) => isOfOtherVersion(one, started));
  return (
    other && `${started.name} (${started.reference}) is started on ${name} beside ${other.name} (${other.reference})`
  );
}

/** When everybody has gone home. */
export function versionsOn({ setting }: World, { engine }: SimHost): readonly string[] {
  if (setting.isTogether !== true && setting.isAsOne !== true) return [];
  return [...new Set(engine.containers.filter(isRunning).map(({ reference }) => reference))];
}

function isOfOtherVersion(one: SimContainer, { reference }: SimContainer): boolean {
  return isRunning(one) && one.reference !== reference;
}

function isRunning({ status }: SimContainer): boolean {
  return status === 'running';
}
