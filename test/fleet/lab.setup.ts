import { spawnSync } from 'node:child_process';
import { labDownIf, labUp } from '../../lab/lab.ts';
import { isOurs } from '../../lab/owner.ts';

/**
 * Builds the command line and brings the fleet up; takes it down at the end unless it was up before, so that a person
 * who works with a lab keeps it; one that a killed run has left is nobody's. Nine healthchecks a second take a quarter of
 * the machine: tests that need them ask for them.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const build = spawnSync('bin/build', { stdio: 'inherit' });
  if (build.status !== 0) throw new Error('the build failed');
  await labUp({ hosts: 3, apps: 3, healthchecks: false }, { forRun: true });
  return async () => {
    await labDownIf(isOurs);
  };
}
