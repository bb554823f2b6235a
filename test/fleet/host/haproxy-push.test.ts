import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { docker, runtime } from '../../../lab/lab.ts';
import type { Load } from '../../../lab/load/load.ts';
import type { RunEvent } from '../../../src/rollout/events.ts';
import { folderWith } from '../../support/command-line.ts';
import { haproxyInContainer } from '../../support/haproxy-in-container.ts';
import { fileOnHost, IDLE_CLOSE, knowsIdleClose, workerPid as pid } from '../../support/own-haproxy.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { sluice, start, type Ended } from '../../support/sluice.ts';

const template = readFileSync('haproxy/pxapp.cfg.j2', 'utf8');
const REAL = knowsIdleClose ? template : template.replace(IDLE_CLOSE, '');

type Change = (text: string) => string;

/** A playbook whose template is the lab's with this change. */
function playbookWith(change: Change, changePlaybook: Change = (text) => text): string {
  const playbook = readFileSync('playbooks/haproxy-config.yml', 'utf8').replace(
    '../haproxy/pxapp.cfg.j2',
    'own.cfg.j2',
  );
  const folder = folderWith({ 'play.yml': changePlaybook(playbook), 'own.cfg.j2': change(REAL) });
  return join(folder, 'play.yml');
}

const withMaxconn = playbookWith((text) => text.replace('default(4000)', 'default(3000)'));
/** `haproxy -c` does not bind: only the new worker finds out that it cannot. */
const withTakenPort = playbookWith((text) => text.replace(':80\n', ':80\n    bind 127.0.0.1:8081\n'));
const withNoFolder = playbookWith((text) => text.replace(':80\n', ':80\n    bind /run/none/there.sock\n'));
const withNonsense = playbookWith((text) => text.replace('retries 0', 'retires 0'));

async function push(playbook: string, ...more: readonly string[]): Promise<Ended> {
  return sluice('haproxy', 'push', playbook, '--limit', own, '--yes', ...more);
}

/** Name, weight and status of each server. */
async function servers(): Promise<readonly string[]> {
  const answer = await runtime(ownHost(), 'show stat pxapp_cluster 4 -1');
  return answer
    .split('\n')
    .filter((line) => line.startsWith('pxapp_cluster,'))
    .map((line) => line.split(','))
    .map((fields) => `${fields[1] ?? ''} ${fields[18] ?? ''} ${fields[17] ?? ''}`);
}

/** One at another weight, one in drain, one in maintenance with nothing behind it. */
async function setAtRuntime(): Promise<void> {
  const set = ['set weight pxapp_cluster/pxApp_1 7', 'set server pxapp_cluster/pxApp_2 state drain'];
  await runtime(ownHost(), [...set, 'set server pxapp_cluster/pxApp_3 state maint'].join(';'));
  await docker(ownHost(), 'stop', 'pxApp_3');
}

/** Requests that fail meanwhile are counted apart where HAProxy cannot but fail them. */
function outageUnlessKnown(traffic: Load): () => void {
  return knowsIdleClose ? () => undefined : traffic.outage(own);
}

const AS_SET = ['pxApp_1 7 UP', 'pxApp_2 20 DRAIN', 'pxApp_3 30 MAINT'];

describe('sluice haproxy push on a real host', () => {
  beforeEach(async () => {
    const lab = readFileSync('haproxy/haproxy.cfg.example', 'utf8');
    const haproxyTemplate = join(folderWith({}), 'haproxy.cfg');
    writeFileSync(haproxyTemplate, knowsIdleClose ? lab.replace('    retries 0', `${IDLE_CLOSE}    retries 0`) : lab);
    await resetOwn({ haproxyTemplate });
  });

  afterAll(async () => {
    await docker(ownHost(), 'rm', '-f', 'lb').catch(() => undefined);
    await resetOwn();
  });

  it('loses no request under load, and leaves weights and states as they were set', async () => {
    await setAtRuntime();
    const [before, traffic] = [await pid(), loadOwn()];
    const over = outageUnlessKnown(traffic);

    const ended = await push(withMaxconn);
    over();

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(ended.stdout).toMatch(/^-.*maxconn 4000\n\+.*maxconn 3000$/m);
    expect(report.failures).toEqual([]);
    expect(report.requests).toBeGreaterThan(50);
    expect(await pid()).not.toBe(before);
    expect(await servers()).toEqual(AS_SET);
    expect(fileOnHost()).toContain('maxconn 3000');
    expect(fileOnHost()).not.toContain('server-state');
    const again = await sluice('haproxy', 'diff', withMaxconn, '--limit', own, '--detailed-exitcode');
    expect(again, again.stdout).toMatchObject({ status: 0 });
  });

  it.each([
    {
      what: 'HAProxy refuses',
      playbook: withNonsense,
      says: /HAProxy refuses the configuration .*haproxy\.cfg:\d+.*retires/,
    },
    { what: 'would fail to bind', playbook: withTakenPort, says: /could not bind 127\.0\.0\.1:8081/ },
  ])('touches nothing for a configuration that $what', async ({ playbook, says }) => {
    const [file, before] = [fileOnHost(), await pid()];

    const ended = await push(playbook);

    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(says);
    expect(fileOnHost()).toBe(file);
    expect(await pid()).toBe(before);
  });

  it('puts the old file back when the reload fails, and what was set at runtime stays', async () => {
    await setAtRuntime();
    const file = fileOnHost();
    const traffic = loadOwn();

    // While it cannot bind, HAProxy itself accepts nothing: what fails then is counted apart.
    const over = traffic.outage(own);
    const ended = await push(withNoFolder);
    over();

    const report = await traffic.stop();
    expect(ended, ended.stdout).toMatchObject({ status: 2 });
    expect(ended.stdout).toMatch(/failed, put back/);
    // From 2.7 on its master says why.
    expect(ended.stdout).toMatch(
      /Cannot reload HAProxy: .*(could not start a worker with it|cannot bind .*there\.sock)/,
    );
    expect(report.failures).toEqual([]);
    expect(fileOnHost()).toBe(file);
    expect(await servers()).toEqual(AS_SET);
  });

  it.each(['replace', 'reload', 'carryOver'])('that was killed after %s is gone on with by the next', async (step) => {
    await setAtRuntime();
    const [before, traffic] = [await pid(), loadOwn()];
    const onEvent = (event: RunEvent, child: { kill: (signal: 'SIGKILL') => boolean }): void => {
      if (event.type === 'config-step' && event.step === step) child.kill('SIGKILL');
    };
    const over = outageUnlessKnown(traffic);
    const args = ['haproxy', 'push', withMaxconn, '--limit', own, '--yes', '--json'];
    await start(args, { onEvent }).ended;
    const between = await servers();

    const ended = await push(withMaxconn);
    over();

    const report = await traffic.stop();
    expect(between).toEqual(AS_SET);
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(ended.stderr).toContain('has not ended: this one begins with what it left');
    expect(report.failures).toEqual([]);
    expect(await pid()).not.toBe(before);
    expect(await servers()).toEqual(AS_SET);
    expect(fileOnHost()).not.toContain('server-state');
  });

  it.each([
    { what: 'a file that is mounted by itself', mount: (folder: string) => `${folder}/haproxy.cfg:/conf/haproxy.cfg` },
    { what: 'a folder that is mounted', mount: (folder: string) => `${folder}:/conf` },
  ])('reaches an HAProxy in a container through $what', async ({ mount }) => {
    const folder = folderWith({});
    const conf = join(folder, 'haproxy.cfg');
    copyFileSync(join(ownHost().dir, 'haproxy/haproxy.cfg'), conf);
    await haproxyInContainer(['--tmpfs', '/var/run', '-v', mount(folder)], '/conf/haproxy.cfg');
    const inContainer = playbookWith(
      (text) => text.replace('default(4000)', 'default(3000)'),
      (text) =>
        text
          .replace('path: /etc/haproxy/haproxy.cfg', 'path: /conf/haproxy.cfg')
          .replace('    min_up', '    container: lb\n    min_up'),
    );
    const status = async (): Promise<string> => (await sluice('status', own, '--haproxy-container', 'lb')).stdout;
    await expect.poll(status, { timeout: 30_000, interval: 500 }).toMatch(/( UP .*){3}/s);
    const traffic = loadOwn();
    const over = outageUnlessKnown(traffic);

    const ended = await push(inContainer);
    over();

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(readFileSync(conf, 'utf8')).toContain('maxconn 3000');
    expect(await docker(ownHost(), 'exec', 'lb', 'cat', '/conf/haproxy.cfg')).toContain('maxconn 3000');
    const info = await sluice('haproxy', 'diff', inContainer, '--limit', own, '--detailed-exitcode');
    expect(info, info.stdout).toMatchObject({ status: 0 });
    await docker(ownHost(), 'rm', '-f', 'lb');
  });
});
