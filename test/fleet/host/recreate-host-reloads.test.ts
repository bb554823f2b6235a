import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { reload, runtime } from '../../../lab/lab.ts';
import { atStep } from '../../support/at-step.ts';
import { folderWith } from '../../support/command-line.ts';
import { loadOwn, ownHost, reloadUnder, resetOwn } from '../../support/own-host.ts';
import { expectBoth, playbook, roll } from '../../support/two-together.ts';

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

describe('strategy: recreate-host where HAProxy is reloaded', () => {
  beforeEach(async () => {
    await resetOwn();
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
});
