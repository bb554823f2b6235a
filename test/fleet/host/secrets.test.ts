import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { docker } from '../../../lab/lab.ts';
import { folderWith } from '../../support/command-line.ts';
import { filesWith } from '../../support/files-with.ts';
import { own, ownHost, resetOwn } from '../../support/own-host.ts';
import { shortPlaybook } from '../../support/short-playbook.ts';
import { sluice } from '../../support/sluice.ts';
import { sealed } from '../../support/vault.ts';

/** By where they are planted. */
const secrets = {
  variable: 'plain-db-pass-91',
  changed: 'later-db-pass-92',
  vault: 'vaulted words 17',
  literal: 'literal-token-55',
  nested: 'nested-secret-38',
};

describe('a secret', () => {
  let folder: string;
  let playbook: string;
  beforeAll(async () => {
    await resetOwn();
    // What other runs have kept is none of this one's.
    rmSync(process.env['SLUICE_STATE'] ?? '', { recursive: true, force: true });
    folder = folderWith({ 'vault-pass': 'open sesame\n' });
    playbook = shortPlaybook(folder);
    const vaulted = sealed(secrets.vault, 'open sesame').replaceAll('\n', '\n      ');
    const vars = `  vars:\n    words: !vault |\n      ${vaulted}\n    db: { secret: ${secrets.nested} }\n`;
    const environment = [
      'environment:',
      "  DB: 'postgres://shop:{{ db_password }}@db/shop'",
      `  API_TOKEN: ${secrets.literal}`,
      "  GREETING: 'say {{ words }} and {{ db.secret }}'",
    ].join('\n          ');
    const text = readFileSync(playbook, 'utf8').replace('  vars:\n', vars);
    writeFileSync(playbook, text.replace('restart: always', `restart: always\n        ${environment}`));
  });

  it('is in the container, and in nothing that is printed, logged or kept by the controller', async () => {
    const options = ['--limit', own, '--vault-password-file', join(folder, 'vault-pass')];
    const to = (version: string, password: string): string[] => [
      ...[playbook, '-e', `pxapp_version=${version}`, '-e', `db_password=${password}`, ...options],
    ];
    const said = [
      await sluice('plan', ...to('v2', secrets.variable), '--diff', '-vv'),
      await sluice('rollout', ...to('v2', secrets.variable), '--yes', '--diff', '-vv'),
      await sluice('plan', ...to('v2', secrets.changed), '--diff'),
      await sluice('plan', ...to('v2', secrets.changed), '--diff', '--json'),
      await sluice('rollout', ...to('exits', secrets.changed), '--yes', '--diff', '--json'),
      await sluice('show', 'last'),
      await sluice('show', 'last', '--json'),
      await sluice('history'),
      await sluice('status', own),
      await sluice('inventory', '--list'),
    ];

    expect(said.map(({ status }) => status)).toEqual([0, 0, 0, 0, 2, 0, 0, 0, 0, 0]);
    const environment = await docker(ownHost(), 'inspect', '-f', '{{json .Config.Env}}', 'pxApp_1');
    for (const planted of [secrets.variable, secrets.vault, secrets.literal, secrets.nested]) {
      expect(environment).toContain(planted);
    }
    const printed = said.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    expect(printed).toContain('(hidden)');
    for (const planted of Object.values(secrets)) {
      expect(printed.split('\n').filter((line) => line.includes(planted))).toEqual([]);
      expect(await filesWith(planted, process.env['SLUICE_STATE'] ?? '')).toBe('');
    }
  });
});
