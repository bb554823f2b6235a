import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { ourLife } from './life.ts';

/** What Debian's packages ask before they start a service: invoke-rc.d(8), deb-systemd-invoke(1p). */
const debiansFile = '/usr/sbin/policy-rc.d';
const mark = '# The lab of sluice has put this here while it installs packages, so that they start no service.';

/** Does `work`, by which no package starts a service; but somebody else's policy stays as it is, whatever it says. */
export async function withoutServices(work: () => Promise<void>, file = debiansFile): Promise<void> {
  forgetPolicy(file);
  write(file);
  try {
    await work();
  } finally {
    forgetPolicy(file);
  }
}

/** Removes a policy of ours, which a lab that was killed has left behind. */
export function forgetPolicy(file = debiansFile): void {
  if (isOurs(file)) rmSync(file, { force: true });
}

/** Whole or not at all: half of it would not be known as ours. */
function write(file: string): void {
  const aside = `${file}.sluice-lab`;
  writeFileSync(aside, script());
  chmodSync(aside, 0o755);
  try {
    linkSync(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside);
  }
}

/** Forbids nothing any more once we are gone. */
function script(): string {
  const { pid, started } = ourLife();
  return `#!/bin/sh
${mark}
# Once process ${pid} has ended it forbids nothing, and may be removed.
[ "$(sed 's/.*) //' /proc/${pid}/stat 2> /dev/null | cut -d ' ' -f 20)" = ${started} ] || exit 0
exit 101
`;
}

function isOurs(file: string): boolean {
  try {
    return readFileSync(file, 'utf8').split('\n')[1] === mark;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return false;
  }
}
