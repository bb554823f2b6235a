import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readArguments } from '../../src/cli/arguments.ts';
import type { HostsCommand } from '../../src/cli/command.ts';
import { inSession } from '../../src/cli/session.ts';
import { StopSwitch } from '../../src/cli/stop.ts';
import type { Surroundings } from '../../src/cli/surroundings.ts';

/** Where no journal can be kept: what should be the folder is a file. */
function withoutRoom(): { around: Surroundings; told: () => string } {
  const stderr = new PassThrough();
  let told = '';
  stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  const state = join(mkdtempSync(join(tmpdir(), 'sluice-state-')), 'file');
  writeFileSync(state, '');
  const around = { stdin: new PassThrough(), stdout: stderr, stderr, version: '1', stop: new StopSwitch() };
  return {
    around: { ...around, environment: { SLUICE_STATE: state } } as unknown as Surroundings,
    told: () => told,
  };
}

/** Begins as a command does that reaches hosts, and ends at once. */
async function begun(changes: boolean | 'home', around: Surroundings): Promise<number> {
  const inventory = join(mkdtempSync(join(tmpdir(), 'sluice-inventory-')), 'hosts.ini');
  writeFileSync(inventory, 'fe1\n');
  const command = await readArguments(['recover', 'fe1', '-i', inventory, '--json'], { version: '1', environment: {} });
  return inSession(command as HostsCommand, around, async ({ begin }) => {
    await begin({ command: 'recover', hosts: ['fe1'] }, changes);
    return 0;
  });
}

describe('where no journal can be kept', () => {
  it('what only leads home goes on without, and says so', async () => {
    const { around, told } = withoutRoom();

    expect(await begun('home', around)).toBe(0);

    expect(told()).toMatch(/"type":"warning".*Cannot write the journal .*: it goes on without a journal"/);
    expect(told()).toContain('"type":"run-started"');
  });

  it('nothing else begins', async () => {
    await expect(begun(true, withoutRoom().around)).rejects.toMatchObject({ code: 'error' });
  });
});
