import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readArguments } from '../../src/cli/arguments.ts';
import type { Command } from '../../src/cli/command.ts';
import { inventory } from '../../src/cli/inventory.ts';
import type { Surroundings } from '../../src/cli/surroundings.ts';
import { folderWith } from '../support/command-line.ts';
import { sealed } from '../support/vault.ts';

function read(line: string, environment: Record<string, string> = {}): Promise<Command | undefined> {
  return readArguments(`inventory -i hosts ${line}`.split(' '), { version: '1', environment });
}

describe('sluice inventory', () => {
  // prettier-ignore
  it.each([
    { line: '--list',             view: { show: 'list' } },
    { line: '--host fe1',         view: { show: 'host', host: 'fe1' } },
    { line: '--graph',            view: { show: 'graph', group: 'all', vars: false } },
    { line: '--graph web --vars', view: { show: 'graph', group: 'web', vars: true } },
  ])('understands $line', async ({ line, view }) => {
    expect(await read(line)).toMatchObject({ name: 'inventory', view, inventory: ['hosts'], playbookDir: '.' });
  });

  it.each([
    { line: '--list --graph', message: 'say one of --list, --host and --graph' },
    { line: '--list web', message: '"web" goes with --graph only' },
    { line: '--list --vars', message: '--vars goes with --graph only' },
  ])('refuses $line', async ({ line, message }) => {
    await expect(read(line)).rejects.toThrow(`Cannot show the inventory: ${message}`);
  });

  // prettier-ignore
  it.each([
    { line: '--vault-password-file a', vault: [{ id: 'default', path: 'a' }] },
    { line: '--vault-id dev@b --vault-id c', vault: [{ id: 'dev', path: 'b' }, { id: 'default', path: 'c' }] },
    { line: '--vault-id dev@prompt',   vault: [{ id: 'dev', path: undefined }] },
    { line: '--ask-vault-pass',        vault: [{ id: 'default', path: undefined }] },
  ])('takes vault passwords from $line', async ({ line, vault }) => {
    expect(await read(`--list ${line}`)).toMatchObject({ vault });
  });

  it('shows nothing in a complaint that an encrypted file has', async () => {
    const files = { a: sealed('fe1 pw=hunter-22\n', 'open sesame'), b: 'fe2\nhunter-22!\n', pass: 'open sesame' };
    const folder = folderWith(files);
    const vault = [{ id: 'default', path: join(folder, 'pass') }];
    const sources = [join(folder, 'a'), join(folder, 'b')];
    const view = { show: 'list' } as const;

    const shown = inventory(
      { name: 'inventory', inventory: sources, vault, view, playbookDir: folder },
      {} as Surroundings,
    );

    await expect(shown).rejects.toThrow(`${join(folder, 'b')}:2:1: "(hidden)!" is no name for a host`);
  });

  it('takes them from the environment where the command line has none', async () => {
    const environment = { ANSIBLE_VAULT_PASSWORD_FILE: 'f', ANSIBLE_VAULT_IDENTITY_LIST: 'dev@d, p' };

    expect(await read('--list', environment)).toMatchObject({
      vault: [
        { id: 'dev', path: 'd' },
        { id: 'default', path: 'p' },
        { id: 'default', path: 'f' },
      ],
    });
  });
});
