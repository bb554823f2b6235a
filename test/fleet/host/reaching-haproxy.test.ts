import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { docker } from '../../../lab/lab.ts';
import type { RunEvent } from '../../../src/rollout/events.ts';
import { folderWith } from '../../support/command-line.ts';
import { containersOf } from '../../support/fleet.ts';
import { haproxyInContainer } from '../../support/haproxy-in-container.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { shortPlaybook } from '../../support/short-playbook.ts';
import { sluice, start } from '../../support/sluice.ts';

/** A playbook of one container, with this balancer. */
function playbookWith(balancer: string): string {
  const path = shortPlaybook(folderWith({}));
  const text = readFileSync(path, 'utf8').replace('  balancer:\n', `  balancer:\n${balancer}`);
  writeFileSync(path, text);
  return path;
}

/** On a busy machine the old worker may have ended before anybody looks: it is noticed all the same. */
function isNotice(about: string): boolean {
  return about === 'balancer-reloaded' || about === 'balancer-restarted';
}

async function statusInContainer(): Promise<string> {
  return (await sluice('status', own, '--haproxy-container', 'lb')).stdout;
}

const plainUser = ['--user', 'deploy'];
const withPerl = ['-v', '/usr/bin/perl:/usr/bin/perl:ro'];

describe('the HAProxy of a real host', () => {
  afterAll(async () => {
    await docker(ownHost(), 'rm', '-f', 'lb').catch(() => undefined);
    await resetOwn();
  });

  it('is reached at an address, and is rolled under load without a failed request', async () => {
    const folder = folderWith({});
    const template = readFileSync('haproxy/haproxy.cfg.example', 'utf8');
    const haproxyTemplate = join(folder, 'haproxy.cfg');
    const address = '    stats socket ipv4@127.0.0.1:9999 level admin\n';
    writeFileSync(haproxyTemplate, template.replace('    stats timeout', `${address}    stats timeout`));
    await resetOwn({ haproxyTemplate });
    const traffic = loadOwn();

    const doctor = await sluice('doctor', own, '--socket', 'ipv4@127.0.0.1:9999');
    const playbook = playbookWith('    socket: ipv4@127.0.0.1:9999\n');
    const ended = await sluice('rollout', playbook, '-e', 'pxapp_version=v2', '--limit', own, '--yes');

    const report = await traffic.stop();
    expect(doctor.stdout).toMatch(/haproxy +ipv4@127\.0\.0\.1:9999, [23]\.\S+, level admin, forwarded/);
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(await containersOf(own)).toEqual(['pxApp_1 v2', 'pxApp_2 v1', 'pxApp_3 v1']);
    const status = await sluice('status', own, '--socket', 'ipv4@127.0.0.1:9999');
    expect(status.stdout).toMatch(/pxApp_1 .* UP +10 /);
  });

  it('has its servers found by their address, and rolled under load without a failed request', async () => {
    const folder = folderWith({});
    const haproxyTemplate = join(folder, 'haproxy.cfg');
    const template = readFileSync('haproxy/haproxy.cfg.example', 'utf8');
    writeFileSync(haproxyTemplate, template.replace('server pxApp_{id} ', 'server backend-{id} '));
    await resetOwn({ haproxyTemplate });
    const playbook = shortPlaybook(folder);
    const text = readFileSync(playbook, 'utf8');
    writeFileSync(playbook, text.replace('server: pxApp_{{ id }}', 'server: discover'));
    const args = [playbook, '-e', 'pxapp_version=v2', '--limit', own];
    const traffic = loadOwn();

    const plan = await sluice('plan', ...args);
    const ended = await sluice('rollout', ...args, '--yes');

    const report = await traffic.stop();
    writeFileSync(playbook, readFileSync(playbook, 'utf8').replaceAll('8080 + id', '9080 + id'));
    const lost = await sluice('plan', ...args);
    expect(plan.stdout, plan.stderr).toMatch(/pxapp_cluster\/backend-1 weight 10 UP/);
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(await containersOf(own)).toEqual(['pxApp_1 v2', 'pxApp_2 v1', 'pxApp_3 v1']);
    expect(lost.status).toBe(1);
    expect(lost.stderr).toMatch(
      /Cannot find the server of pxApp_1 on fe\d in .*: none goes to 127\.0\.0\.1:9081; it has backend-1 \(127\.0\.0\.1:8081\)/,
    );
  });

  it.each([
    { where: 'in a container', mounts: ['--tmpfs', '/var/run'], as: [], channel: 'direct' },
    { where: 'in a container, on a volume', mounts: ['-v', 'lb-sockets:/var/run'], as: [], channel: 'direct' },
    {
      ...{ where: 'in a container by docker exec, without root', mounts: ['--tmpfs', '/var/run', ...withPerl] },
      ...{ as: plainUser, channel: 'docker exec: perl, to /var/run/haproxy.sock' },
    },
  ])('is reached $where, and its reload while a container is away is noticed', async ({ mounts, as, channel }) => {
    // Away for as long as a reload takes on a busy machine.
    await resetOwn({ appDelayMs: 10_000 });
    await haproxyInContainer(mounts);
    await expect.poll(statusInContainer, { timeout: 30_000, interval: 500 }).toMatch(/( UP .*){3}/s);
    const traffic = loadOwn();

    const doctor = await sluice('doctor', own, '--haproxy-container', 'lb', ...as);
    const example = ['playbooks/haproxy-in-container.yml', '-e', 'pxapp_version=v2', '--limit', own];
    const planned = await sluice('plan', ...example, ...as);
    const about: string[] = [];
    const master = Number(await docker(ownHost(), 'inspect', '-f', '{{.State.Pid}}', 'lb'));
    // What an old worker does to requests that are just sent on its idle connections is HAProxy's own.
    let over: (() => void) | undefined;
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'remark') about.push(event.remark.about);
      if (event.type === 'remark' && isNotice(event.remark.about)) over?.();
      if (event.type === 'step-started' && event.step === 'replace') {
        over = traffic.outage(own);
        // The master takes it for a reload.
        process.kill(master, 'SIGUSR2');
      }
    };
    const playbook = playbookWith('    container: lb\n');
    const args = ['rollout', playbook, '-e', 'pxapp_version=v2', '--limit', own, '--yes', '--json', ...as];
    const ended = await start(args, { onEvent }).ended;

    const report = await traffic.stop();
    expect(doctor.stdout).toMatch(/haproxy +lb:\/var\/run\/haproxy.sock, [23]\.\S+, level admin/);
    expect(doctor.stdout).toContain(`level admin, ${channel}\n`);
    expect(doctor.stdout).toContain(
      `  /var/run/haproxy-master.sock, ${channel.replace('proxy.sock', 'proxy-master.sock')}\n`,
    );
    expect(planned.status, planned.stderr).toBe(0);
    expect(planned.stdout).toMatch(/3 to replace, 0 to create, 0 to leave alone/);
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(about.find(isNotice)).toBeDefined();
    expect(report.failures).toEqual([]);
    expect(await statusInContainer()).toMatch(/pxApp_1 .* UP +10 /);
    await docker(ownHost(), 'rm', '-f', 'lb');
  });

  it('is not reached in a container without root and without a program there, which is said', async () => {
    await resetOwn();
    await haproxyInContainer(['--tmpfs', '/var/run']);
    await expect.poll(statusInContainer, { timeout: 30_000, interval: 500 }).toMatch(/( UP .*){3}/s);

    const { status, stdout } = await sluice('status', own, '--haproxy-container', 'lb', ...plainUser);

    expect(status).not.toBe(0);
    expect(stdout).toMatch(
      /Cannot open \S+ on fe\d: .*; Cannot open \/var\/run\/haproxy.sock in container lb on fe\d: it has none of socat, nc with -U, perl to carry it/,
    );
    await docker(ownHost(), 'rm', '-f', 'lb');
  });
});
