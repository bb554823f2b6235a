import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { reload, runtime } from '../../../lab/lab.ts';
import { atStep } from '../../support/at-step.ts';
import { folderWith } from '../../support/command-line.ts';
import { ALL_IN_SERVICE, containersOf, serversOf } from '../../support/fleet.ts';
import { loadOwn, own, ownHost, reloadUnder, resetOwn } from '../../support/own-host.ts';
import { expectOwnWhole } from '../../support/own-whole.ts';
import { sluice } from '../../support/sluice.ts';

/** Two of three containers go together; the third one serves meanwhile, and is not of the play. */
function playbook({ minUp = 1, second = '{{ pxapp_version }}' } = {}): string {
  const text = readFileSync('playbooks/pxapp.yml', 'utf8')
    .replace('instances: 3', 'instances: 2')
    .replace('min_up: 50%', `min_up: ${minUp}`)
    .replace("serial: '35%'", "serial: '35%'\n  strategy: recreate-host")
    .replace('pxapp:{{ pxapp_version }}', `pxapp:{{ '${second}' if id == 2 else pxapp_version }}`)
    .replace("{{ '{{ pxapp_version }}' if id == 2 else pxapp_version }}", '{{ pxapp_version }}');
  return join(folderWith({ 'two.yml': text }), 'two.yml');
}

/** The lab's configuration with lines of it changed. */
function configured(...changes: readonly (readonly [string, string])[]): string {
  const lab = readFileSync('haproxy/haproxy.cfg.example', 'utf8');
  const text = changes.reduce((before, [from, to]) => before.replace(from, to), lab);
  return join(folderWith({ 'haproxy.cfg': text }), 'haproxy.cfg');
}

const STATEFUL = {
  how: 'begins with the states that it had',
  template: configured(
    ['\nglobal\n', '\nglobal\n    server-state-file /etc/haproxy/servers.state\n'],
    ['\nbackend pxapp_cluster\n', '\nbackend pxapp_cluster\n    load-server-state-from-file global\n'],
  ),
};

const RETRYING = {
  how: 'retries elsewhere what got no answer',
  template: configured(
    ['retries 0', 'retries 3\n    option redispatch 1\n    retry-on conn-failure empty-response'],
    ['fall 2\n', 'fall 2 observe layer4 error-limit 1 on-error mark-down\n'],
  ),
};

/** New containers are started and do not answer yet for longer than a reload takes. */
const SLOWLY = { appDelayMs: 3_000 };

/** As a unit does that writes them down first. */
async function reloadWithStates(host: ReturnType<typeof ownHost>): Promise<void> {
  writeFileSync(join(host.dir, 'haproxy/servers.state'), `${await runtime(host, 'show servers state')}\n`);
  await reload(host);
}

const roll = (path: string): string[] => ['rollout', path, '-e', 'pxapp_version=v2', '--limit', own, '--yes'];

const both = (tag: string): string[] => [`pxApp_1 ${tag}`, `pxApp_2 ${tag}`, 'pxApp_3 v1'];

async function expectBoth(tag: string): Promise<void> {
  expect(await containersOf(own)).toEqual(both(tag));
  expect((await serversOf(own)).toSorted()).toEqual(ALL_IN_SERVICE);
  expect((await sluice('lock', 'list', own)).stdout).toMatch(/ free$/m);
}

describe('strategy: recreate-host on a real host', () => {
  beforeEach(async () => {
    await resetOwn();
  });

  it('replaces both together, says so, and fails no request', async () => {
    const refused = await sluice('plan', playbook({ minUp: 2 }), '-e', 'pxapp_version=v2', '--limit', own);
    const traffic = loadOwn();

    const out = await sluice(...roll(playbook()));

    const report = await traffic.stop();
    expect(refused.stdout + refused.stderr).toMatch(/would leave 1 of 3 usable servers .* min_up asks for 2/);
    expect(out, out.stderr).toMatchObject({ status: 0 });
    expect(out.stdout).toMatch(/pxApp_2 .* all 2 at once/);
    expect(out.stdout).toMatch(/3 of 3 usable now +1 at the worst moment +min_up 1/);
    await expectBoth('v2');
    expect(report.failures).toEqual([]);

    const back = await sluice('rollback', '--yes');
    expect(back, back.stderr).toMatchObject({ status: 0 });
    await expectOwnWhole();
  });

  it.each(['exits', 'unhealthy'])('brings both back when the second one is bad: %s', async (bad) => {
    const traffic = loadOwn();

    const out = await sluice(...roll(playbook({ second: bad })));

    const report = await traffic.stop();
    expect(out.status, out.stdout).toBe(2);
    expect(out.stderr).toMatch(/pxApp_1 .* goes back with pxApp_2: pxApp_2 on /);
    await expectOwnWhole();
    expect(report.failures).toEqual([]);
  });

  it('goes on when HAProxy is reloaded while they are drained, and fails no request', async () => {
    const traffic = loadOwn();

    const ended = await atStep(roll(playbook()), 'drain', () => reloadUnder(traffic));

    const report = await traffic.stop();
    expect(ended.status, ended.stdout).toBe(0);
    await expectBoth('v2');
    expect(report.failures).toEqual([]);
  });

  // Until a reload is noticed its worker has both in service: what it sends them in the meantime, an HAProxy that is set up
  // otherwise than the lab's does not lose.
  it.each([
    ...(['start', 'check'] as const).map((step) => ({ ...STATEFUL, step })),
    ...(['start', 'check'] as const).map((step) => ({ ...RETRYING, step })),
  ])('fails no request when HAProxy, which $how, is reloaded in $step', async ({ template, step }) => {
    await resetOwn({ haproxyTemplate: template, ...SLOWLY });
    const traffic = loadOwn();

    const ended = await atStep(roll(playbook()), step, () => reloadWithStates(ownHost()));

    const report = await traffic.stop();
    expect(ended.status, ended.stdout).toBe(0);
    expect(ended.stdout).toMatch(/"balancer-re(loaded|started)"/);
    await expectBoth('v2');
    // What an old worker resets as it closes idle connections is its own.
    expect(report.failures.filter(({ why }) => why.startsWith('status'))).toEqual([]);
  });

  it.each(['start', 'check'] as const)('goes on when HAProxy is reloaded in %s', async (step) => {
    await resetOwn(SLOWLY);

    const ended = await atStep(roll(playbook()), step, () => reload(ownHost()));

    expect(ended.status, ended.stdout).toBe(0);
    expect(ended.stdout).toMatch(/"balancer-re(loaded|started)"/);
    await expectBoth('v2');
  });

  it.each([
    ...(['drain', 'stop', 'start', 'check', 'restore', 'soak'] as const).map((step) => ({ step, tag: 'v1' })),
    { step: 'retire' as const, tag: 'v2' },
  ])('is recovered to $tag when it was killed in $step', async ({ step, tag }) => {
    const traffic = loadOwn();

    await atStep(roll(playbook()), step, (child) => child.kill('SIGKILL'));
    const recovered = await sluice('recover', own);

    const report = await traffic.stop();
    expect(recovered, recovered.stderr).toMatchObject({ status: 0 });
    await expectBoth(tag);
    expect(report.failures).toEqual([]);
  });

  it.each(['stop', 'check', 'soak', 'retire'] as const)('is gone on with when it was killed in %s', async (step) => {
    const traffic = loadOwn();

    await atStep(roll(playbook()), step, (child) => child.kill('SIGKILL'));
    const resumed = await sluice('resume', '--yes');

    const report = await traffic.stop();
    expect(resumed, resumed.stderr).toMatchObject({ status: 0 });
    await expectBoth('v2');
    expect(report.failures).toEqual([]);
  });
});
