import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { docker } from '../../../lab/lab.ts';
import { folderWith } from '../../support/command-line.ts';
import { filesWith } from '../../support/files-with.ts';
import { labLink } from '../../support/lab-fleet.ts';
import { own, ownHost, resetOwn } from '../../support/own-host.ts';
import { shortPlaybook } from '../../support/short-playbook.ts';
import { start, type Ended } from '../../support/sluice.ts';
import { sealed } from '../../support/vault.ts';

/** By where they are planted. */
const secrets = {
  variable: 'plain-db-pass-91',
  changed: 'later-db-pass-92',
  vault: 'vaulted words 17',
  literal: 'literal-token-55',
  nested: 'nested-secret-38',
  looked: 'looked-up-password-71',
  neighbour: 'neighbours-password-72',
  label: 'labelled-token-73',
};

describe('a secret', () => {
  let folder: string;
  let playbook: string;
  beforeAll(async () => {
    await resetOwn();
    // What other runs have kept is none of this one's.
    rmSync(process.env['SLUICE_STATE'] ?? '', { recursive: true, force: true });
    folder = folderWith({ 'vault-pass': 'open sesame\n' });
    mkdirSync(join(folder, 'group_vars'));
    writeFileSync(join(folder, 'group_vars/all.yml'), `db_owner: { password: ${secrets.neighbour} }\n`);
    playbook = shortPlaybook(folder);
    const vaulted = sealed(secrets.vault, 'open sesame').replaceAll('\n', '\n      ');
    const vars = `  vars:\n    words: !vault |\n      ${vaulted}\n    db: { secret: ${secrets.nested} }\n`;
    const environment = [
      'environment:',
      "  DB: 'postgres://shop:{{ db_password }}@db/shop'",
      `  API_TOKEN: ${secrets.literal}`,
      "  GREETING: 'say {{ words }} and {{ db.secret }}'",
      `  LOOKED: 'say {{ lookup("env", "PX_PASSWORD") }}'`,
      `  OWNER: 'say {{ hostvars[inventory_hostname].db_owner.password }}'`,
    ].join('\n          ');
    const text = readFileSync(playbook, 'utf8').replace('  vars:\n', vars);
    const labels = `labels: { com.example.api-token: ${secrets.label} }`;
    const container = ['restart: always', labels, environment].join('\n        ');
    writeFileSync(playbook, text.replace('restart: always', container));
  });

  it('is in the container, and in nothing that is printed, logged or kept by the controller', async () => {
    const options = ['--limit', own, '--vault-password-file', join(folder, 'vault-pass')];
    const to = (version: string, password: string): string[] => [
      ...[playbook, '-e', `pxapp_version=${version}`, '-e', `db_password=${password}`, ...options],
    ];
    const tell = async (...args: string[]): Promise<Ended> =>
      start(args, { env: { PX_PASSWORD: secrets.looked } }).ended;
    const said = [
      await tell('plan', ...to('v2', secrets.variable), '--diff', '-vv'),
      await tell('rollout', ...to('v2', secrets.variable), '--yes', '--diff', '-vv'),
      await tell('plan', ...to('v2', secrets.changed), '--diff'),
      await tell('plan', ...to('v2', secrets.changed), '--diff', '--json'),
      await tell('rollout', ...to('exits', secrets.changed), '--yes', '--diff', '--json'),
      await tell('show', 'last'),
      await tell('show', 'last', '--json'),
      await tell('history'),
      await tell('status', own),
      await tell('inventory', '--list'),
    ];

    expect(said.map(({ status }) => status)).toEqual([0, 0, 0, 0, 2, 0, 0, 0, 0, 0]);
    const environment = await docker(ownHost(), 'inspect', '-f', '{{json .Config.Env}}', 'pxApp_1');
    const { variable, vault, literal, nested, looked, neighbour } = secrets;
    for (const planted of [variable, vault, literal, nested, looked, neighbour]) {
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

/** Of compose files: what goes into the container as a file. */
const placed = {
  first: 'placed-in-a-file-61',
  second: 'placed-later-62',
  variable: 'placed-by-variable-63',
  content: 'placed-as-content-64',
  dotenv: 'placed-by-dotenv-65',
};

describe('a secret of a compose file', () => {
  let folder: string;
  let playbook: string;

  beforeAll(async () => {
    await resetOwn();
    folder = folderWith({
      'db.txt': `${placed.first}\n`,
      '.env': `SHOP_TOKEN=${placed.dotenv}\n`,
      'compose.yml': [
        'services:',
        '  pxapp:',
        '    image: registry.lab:5000/pxapp:${pxapp_version}',
        '    network_mode: bridge',
        '    secrets: [db, { source: token, target: api, mode: 0400 }]',
        '    configs: [{ source: shop, target: /etc/shop.ini }]',
        'secrets: { db: { file: db.txt }, token: { environment: PX_TOKEN } }',
        'configs: { shop: { content: "password = ${shop_password} ${SHOP_TOKEN}" } }',
      ].join('\n'),
    });
    playbook = shortPlaybook(folder);
    const text = readFileSync(playbook, 'utf8').replace(
      / {6}container:\n(?: {8}.*\n)+/,
      "      compose: compose.yml\n      service: pxapp\n      container: { ports: ['127.0.0.1:8081:8080'] }\n",
    );
    writeFileSync(playbook, text);
  });

  const to = (version: string): string[] => [
    playbook,
    '-e',
    `pxapp_version=${version}`,
    '-e',
    `shop_password=${placed.content}`,
  ];
  const onHost = async (command: string): Promise<string> => {
    const link = labLink(own);
    const { stdout } = await link.run(command);
    await link.close();
    return stdout;
  };
  const inside = async (): Promise<string> =>
    docker(ownHost(), 'exec', 'pxApp_1', 'sh', '-c', 'cat /run/secrets/db /run/secrets/api /etc/shop.ini');

  it('is in the container, comes back with a rollback, and is in nothing that is printed or kept', async () => {
    const said: Ended[] = [];
    const say = async (...args: string[]): Promise<Ended> => {
      const ended = await start(args, { env: { PX_TOKEN: placed.variable } }).ended;
      said.push(ended);
      return ended;
    };

    await say('rollout', ...to('v2'), '--limit', own, '--yes', '--diff', '-vv');
    expect(await inside()).toBe(`${placed.first}\n${placed.variable}password = ${placed.content} ${placed.dotenv}`);
    expect((await say('plan', ...to('v2'), '--limit', own, '--diff')).stdout).toContain('1 to leave alone');
    writeFileSync(join(folder, 'db.txt'), `${placed.second}\n`);
    const plan = await say('plan', ...to('v2'), '--limit', own, '--diff');
    await say('rollout', ...to('v3'), '--limit', own, '--yes', '--json');
    expect(await inside()).toContain(placed.second);
    await say('rollback', '--yes', '-vv');
    expect(await inside()).toBe(`${placed.first}\n${placed.variable}password = ${placed.content} ${placed.dotenv}`);
    await say('rollout', ...to('exits'), '--limit', own, '--yes', '--diff', '-vv');
    expect(await inside()).toContain(placed.first);
    await say('show', 'last', '--json');

    expect(said.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0, 2, 0]);
    expect(plan.stdout).toContain('settings: secrets./run/secrets/db');
    expect(plan.stdout).toContain('- secrets./run/secrets/db: (hidden)');
    const printed = said.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    for (const planted of Object.values(placed)) {
      expect(printed.split('\n').filter((line) => line.includes(planted))).toEqual([]);
      expect(await filesWith(planted, process.env['SLUICE_STATE'] ?? '')).toBe('');
      expect(await onHost(`grep -rls ${planted} /var/lib/sluice /var/tmp/sluice || true`)).toBe('');
      expect(await onHost(`docker inspect $(docker ps -aq) | grep ${planted} || true`)).toBe('');
    }
  });
});
