import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { build, commandLine, folderWith } from '../support/command-line.ts';

const RUN = '20261121-090000-aaaa';

/** A state folder with the journal of a run that died at once. */
function stateWith(over: object): string {
  const state = mkdtempSync(join(tmpdir(), 'sluice-state-'));
  mkdirSync(join(state, 'runs'));
  const invocation = {
    ...{ inventory: ['/nowhere/hosts.ini'], playbook: '/nowhere/site.yml', tags: [], skipTags: [], forks: 3 },
    ...{ extraVars: {}, hiddenVars: [], force: false },
  };
  const event = {
    ...{ schema: 1, seq: 1, ts: '2026-11-21T09:00:00Z', run: RUN, type: 'run-started', command: 'rollout' },
    ...{ hosts: ['fe1'], by: 'ann@desk', version: '1', machine: 'desk', pid: 1, invocation, fingerprint: 'f' },
    ...over,
  };
  writeFileSync(join(state, 'runs', `${RUN}.jsonl`), `${JSON.stringify(event)}\n`);
  return state;
}

describe('sluice resume', () => {
  beforeAll(build, 60_000);

  it('says so when there is nothing to go on with', async () => {
    const { status, stderr } = await commandLine(['resume'], { env: { SLUICE_STATE: folderWith({}) } });

    expect(status).toBe(5);
    expect(stderr).toMatch(/^Cannot find a rollout to go on with: .* is finished by "sluice recover"$/m);
  });

  it('goes on with a rollout only', async () => {
    const env = { SLUICE_STATE: stateWith({ command: 'drain', invocation: undefined }) };

    const { status, stderr } = await commandLine(['resume', RUN.slice(0, 8)], { env });

    expect(status).toBe(5);
    expect(stderr).toContain(`Cannot go on with run ${RUN}: it is a drain, and only a rollout can be`);
  });

  it('reads inventory and playbook from where the run had them, whatever has not come as far as to begin', async () => {
    const state = stateWith({});
    writeFileSync(join(state, 'runs', '20261122-090000-bbbb.jsonl'), '');

    const { status, stderr } = await commandLine(['resume'], { env: { SLUICE_STATE: state } });

    expect(status).toBe(5);
    expect(stderr).toContain('/nowhere/hosts.ini');
  });

  it('wants secrets again, and refuses a playbook that says otherwise now', async () => {
    const folder = folderWith({
      'hosts.ini': '[fe]\nfe1\n',
      'site.yml':
        "- hosts: fe\n  balancer: { backend: b }\n  apps:\n    - name: shop\n      container: { image: 'shop:1' }\n      ready: { http: 'http://127.0.0.1:8081/' }\n",
    });
    const invocation = {
      ...{ inventory: [join(folder, 'hosts.ini')], playbook: join(folder, 'site.yml'), tags: [], skipTags: [] },
      ...{ forks: 3, extraVars: {}, hiddenVars: ['db.password'], force: false },
    };
    const env = { SLUICE_STATE: stateWith({ invocation }) };

    const secret = await commandLine(['resume'], { env });
    expect(secret.status).toBe(5);
    expect(secret.stderr).toContain('its journal does not keep secrets: give db.password again with -e');

    const changed = await commandLine(['resume', '-e', '{"db": {"password": "x"}}'], { env });
    expect(changed.status).toBe(5);
    expect(changed.stderr).toContain('--changed goes on with what they say now');
  });
});
