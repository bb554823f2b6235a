import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labReset } from '../../lab/lab.ts';
import { centralPair } from '../support/central-pair.ts';
import { folderWith } from '../support/command-line.ts';
import { sluice } from '../support/sluice.ts';

interface Example {
  readonly file: string;
  /** What its plan says besides the number of containers. */
  readonly says: RegExp;
  /** Of its last line. */
  readonly does?: RegExp;
}

const NINE = /^ {2}9 to replace, 0 to create, 0 to leave alone$/m;
const SIX = /^ {2}6 to replace, 0 to create, 0 to leave alone$/m;
const V2 = /~ fe3 +pxApp_3 +registry\.lab:5000\/pxapp:v1 → v2 /;

const ON_THE_LAB: readonly Example[] = [
  { file: 'pxapp.yml', says: V2 },
  { file: 'canary.yml', says: /batch 3 of 3: fe3[^]*ramp: weight 3, 15, then 30, 30s each/ },
  { file: 'compose.yml', says: V2 },
  { file: 'discover.yml', says: /pxapp_cluster\/pxApp_3 weight 30 UP/ },
  { file: 'gates.yml', says: /after_batch +errors +controller/ },
  { file: 'haproxy-config.yml', says: V2 },
  { file: 'hooks.yml', says: /before_host +note +host/ },
  {
    file: 'restart.yml',
    says: /fe3 +pxApp_3/,
    does: /^ {2}0 to replace, 0 to create, 9 to restart, 0 to leave alone$/m,
  },
  {
    file: 'run.yml',
    says: /fe3 +pxApp_3/,
    does: /^ {2}0 to replace, 0 to create, 9 to run a command for, 0 to leave alone$/m,
  },
  { file: 'window.yml', says: /at once: 2 hosts in a window, 2 instances of a host, 3 instances in all/ },
  {
    file: 'zones.yml',
    says: /hosts of a batch in lockstep[^]*batch 1 of 2, zone north: fe1, fe2\n[^]*batch 2 of 2, zone south: fe3\n/,
  },
];
const WITH_SLOTS: readonly Example[] = [
  { file: 'start-first.yml', says: /fe3 +pxApp_3 .*slot a → b/ },
  { file: 'blue-green.yml', says: /blue-green: all new containers of a host[^]*fe3 +pxApp_3 .*slot a → b/ },
];
const CENTRAL: readonly Example[] = [
  {
    file: 'central-balancers.yml',
    says: /fe3_pxApp_2 on fe1 weight 20 UP[^]*fe3_pxApp_2 on fe2 weight 20 UP/,
    does: SIX,
  },
  { file: 'recreate-host.yml', says: /fe3_pxApp_2 on fe1 weight 20 UP.*all 2 at once/, does: SIX },
];
/** front-tier.test.ts, host/reaching-haproxy.test.ts and host/several-backends.test.ts have the lab so that it serves these. */
const ELSEWHERE = ['front-tier.yml', 'haproxy-in-container.yml', 'several-backends.yml'];

async function expectPlanned({ file, says, does = NINE }: Example): Promise<void> {
  const playbook = `playbooks/${file}`;
  const versions = ['-e', 'pxapp_version=v2', '-e', 'TAG=v2'];

  const ended = await sluice('plan', playbook, ...versions, '--detailed-exitcode');

  expect(ended.status, ended.stdout + ended.stderr).toBe(3);
  expect(ended.stderr).not.toMatch(/^problem/m);
  expect(ended.stdout).toMatch(says);
  expect(ended.stdout).toMatch(does);
}

it('every example is planned here, or tried elsewhere', () => {
  const named = [...ON_THE_LAB, ...WITH_SLOTS, ...CENTRAL].map(({ file }) => file);

  const examples = readdirSync('playbooks').filter((file) => file.endsWith('.yml'));
  expect([...named, ...ELSEWHERE].toSorted()).toEqual(examples.toSorted());
});

describe('the examples, planned for the real fleet', () => {
  beforeAll(async () => {
    await labReset();
  });

  it.each(ON_THE_LAB)('playbooks/$file', expectPlanned);
});

describe('the examples with two slots, planned for the real fleet', () => {
  beforeAll(async () => {
    await labReset({ haproxyTemplate: 'haproxy/slots.cfg.example' });
  });

  it.each(WITH_SLOTS)('playbooks/$file', expectPlanned);
});

describe('the examples with central balancers, planned for the real fleet', () => {
  beforeAll(async () => {
    await labReset(centralPair(folderWith({})));
  });
  afterAll(async () => {
    await labReset({ apps: 3 });
  });

  it.each(CENTRAL)('playbooks/$file', expectPlanned);
});
