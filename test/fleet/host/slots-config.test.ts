import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { reload } from '../../../lab/lab.ts';
import { folderWith } from '../../support/command-line.ts';
import { containersOf, containersOn } from '../../support/fleet.ts';
import { fileOnHost, IDLE_CLOSE, knowsIdleClose, workerPid } from '../../support/own-haproxy.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { inSlots, ownServers } from '../../support/own-slots.ts';
import { sluice } from '../../support/sluice.ts';

/** The example, with a template that this HAProxy knows all of. */
function playbook(): string {
  const example = 'playbooks/start-first.yml';
  if (knowsIdleClose) return example;
  const play = readFileSync(example, 'utf8').replace('../haproxy/slots.cfg.j2', 'own.cfg.j2');
  const template = readFileSync('haproxy/slots.cfg.j2', 'utf8').replace(IDLE_CLOSE, '');
  return join(folderWith({ 'play.yml': play, 'own.cfg.j2': template }), 'play.yml');
}

/** What the lab has with slots, and what a reload costs no request with. */
function labTemplate(): string {
  const text = readFileSync('haproxy/slots.cfg.example', 'utf8');
  const added = knowsIdleClose ? text.replace('    retries 3\n', `${IDLE_CLOSE}    retries 3\n`) : text;
  return join(folderWith({ 'haproxy.cfg': added }), 'haproxy.cfg');
}

describe('what a start-first rollout has moved into the other slot, on a real host', () => {
  beforeEach(async () => {
    await resetOwn({ haproxyTemplate: labTemplate() });
  });
  afterAll(async () => {
    await resetOwn();
  });

  it('serves on when the configuration is pushed, and when HAProxy is reloaded with it', async () => {
    const args = [playbook(), '-e', 'pxapp_version=v2', '--limit', own];
    const traffic = loadOwn();

    const out = await sluice('rollout', ...args, '--yes');
    const [afterRollout, first] = [await ownServers(), await workerPid()];
    const differs = await sluice('haproxy', 'diff', ...args, '--detailed-exitcode');
    const pushed = await sluice('haproxy', 'push', ...args, '--yes');
    const [afterPush, second] = [await ownServers(), await workerPid()];
    const over = knowsIdleClose ? undefined : traffic.outage(own);
    await reload(ownHost());
    over?.();
    const third = await workerPid();

    // The new worker takes a free server for UP until it has checked it.
    await expect.poll(ownServers, { timeout: 30_000, interval: 100 }).toEqual(inSlots('b'));
    const report = await traffic.stop();
    expect(out.status, out.stderr).toBe(0);
    expect(afterRollout).toEqual(inSlots('b'));
    expect(differs.status, differs.stdout + differs.stderr).toBe(3);
    expect(pushed.status, pushed.stdout + pushed.stderr).toBe(0);
    expect(afterPush).toEqual(inSlots('b'));
    expect(new Set([first, second, third]).size).toBe(3);
    expect(report.failures).toEqual([]);
    expect(report.requests).toBeGreaterThan(50);
    expect(fileOnHost()).toContain('    server pxApp_1a 127.0.0.1:8081 weight 10\n');
    expect(fileOnHost()).toContain('    server pxApp_1b 127.0.0.1:8181 weight 10\n');
    const same = await sluice('haproxy', 'diff', ...args, '--detailed-exitcode');
    expect(same.status, same.stdout + same.stderr).toBe(0);
    expect(await containersOf(own)).toEqual(containersOn('v2'));

    const later = loadOwn();
    await expect.poll(() => later.counts().requests, { timeout: 60_000, interval: 50 }).toBeGreaterThan(50);
    const { byVersion, failures } = await later.stop();
    expect(Object.keys(byVersion)).toEqual(['v2']);
    expect(failures).toEqual([]);
  });
});
