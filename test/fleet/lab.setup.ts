import { spawnSync } from 'node:child_process';
import { labDown, labUp } from '../../lab/lab.ts';
import { savedSettings } from '../../lab/settings.ts';

/**
 * Builds the command line and brings the fleet up; takes it down at the end unless it was up before, so that a person
 * who works with a lab keeps it. Nine healthchecks a second take a quarter of the machine: tests that need them ask for
 * them.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const build = spawnSync('bin/build', { stdio: 'inherit' });
  if (build.status !== 0) throw new Error('the build failed');
  const wasUp = savedSettings() !== undefined;
  await labUp({ hosts: 3, apps: 3, healthchecks: false });
  return async () => {
    if (!wasUp) await labDown();
  };
}
