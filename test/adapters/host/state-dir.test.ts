import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { MAKE_STATE_DIR } from '../../../src/adapters/host/state-dir.ts';
import { localLinks } from '../../support/local-links.ts';

const aLink = localLinks();
const MAKE = `${MAKE_STATE_DIR}\necho "$d"`;

it('a host gets one place for lock and record, also when its first two users come at the same time', async () => {
  const link = aLink();
  // Root, who has looked, and waits for the turn that an ordinary user has.
  const other = spawn('flock', [dirname(link.sharedDir), 'sh', '-c', 'echo; read -r go; mkdir "$0"', link.sharedDir]);
  await once(other.stdout, 'data');
  const traced = link.run(`set -x\n${MAKE}`, {
    hear: (said) => {
      if (String(said).includes('sleep') && other.stdin.writable) other.stdin.end('go\n');
    },
  });

  const { stdout } = await traced;

  expect(stdout.trim()).toBe(link.sharedDir);
  expect(existsSync(link.stateDir)).toBe(false);
});

it('lets go of the turn, and keeps what is there', async () => {
  const link = aLink();

  const made = await link.run(`${MAKE}\nflock -n ${dirname(link.sharedDir)} echo free`);
  chmodSync(link.stateDir, 0o755);
  const again = await link.run(MAKE);

  expect([made.stdout, again.stdout]).toEqual([`${link.stateDir}\nfree\n`, `${link.stateDir}\n`]);
});
