import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { forgetPolicy, withoutServices } from '../../lab/policy.ts';
import { programOf } from '../support/program.ts';

function aPath(): string {
  return join(mkdtempSync(join(tmpdir(), 'sluice-policy-')), 'policy-rc.d');
}

/** As deb-systemd-invoke asks: 101 forbids, 0 allows. */
function ask(file: string): number | null {
  return spawnSync(file, ['docker-registry.service', 'start']).status;
}

/** A policy as one that was killed has left it. */
async function leaveBehind(file: string): Promise<void> {
  const program = await programOf(
    'killed',
    `import { withoutServices } from 'lab/policy.ts';
     await withoutServices(async () => process.kill(process.pid, 'SIGKILL'), process.argv[2]);`,
  );
  expect(spawnSync('node', [program, file]).signal).toBe('SIGKILL');
}

describe('withoutServices()', () => {
  it('forbids to start services for as long as it lasts', async () => {
    const file = aPath();
    let meanwhile: number | null = null;

    await withoutServices(async () => {
      meanwhile = ask(file);
    }, file);

    expect(meanwhile).toBe(101);
    expect(readdirSync(dirname(file))).toEqual([]);
  });

  it('leaves nothing behind when the work fails', async () => {
    const file = aPath();

    const working = withoutServices(() => Promise.reject(new Error('no space left')), file);

    await expect(working).rejects.toThrow('no space left');
    expect(readdirSync(dirname(file))).toEqual([]);
  });

  it("leaves somebody else's policy as it is", async () => {
    const file = aPath();
    const theirs = '#!/bin/sh\nexit 104\n';
    writeFileSync(file, theirs, { mode: 0o755 });
    let meanwhile: number | null = null;

    await withoutServices(async () => {
      meanwhile = ask(file);
    }, file);
    forgetPolicy(file);

    expect(meanwhile).toBe(104);
    expect(readFileSync(file, 'utf8')).toBe(theirs);
    expect(readdirSync(dirname(file))).toEqual(['policy-rc.d']);
  });

  it('of one that was killed forbids nothing any more, and goes with the next', async () => {
    const file = aPath();
    await leaveBehind(file);
    expect(ask(file)).toBe(0);

    await withoutServices(async () => {
      expect(ask(file)).toBe(101);
    }, file);

    expect(existsSync(file)).toBe(false);
  });
});
