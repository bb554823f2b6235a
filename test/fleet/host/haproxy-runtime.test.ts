import { afterAll, expect, it } from 'vitest';
import { runtime } from '../../../lab/lab.ts';
import { own, ownHost, resetOwn } from '../../support/own-host.ts';
import { sluice } from '../../support/sluice.ts';

afterAll(async () => {
  await resetOwn();
});

it('an HAProxy on a real host is shown, and told at runtime, by sluice haproxy', async () => {
  await resetOwn();

  const show = await sluice('haproxy', 'show', own);
  const set = await sluice('haproxy', 'weights', own, 'pxapp_cluster/pxApp_1=7', '--yes');
  const weights = await sluice('haproxy', 'weights', own);
  const sessions = await sluice('haproxy', 'sessions', own, '--json');
  const exec = await sluice('haproxy', 'exec', own, '--', 'show', 'cli', 'level');
  const refused = await sluice('haproxy', 'exec', own, '--', 'set', 'weight', 'pxapp_cluster/pxApp_1', '9');
  const changed = await sluice('haproxy', 'exec', own, '--yes', '--', 'set', 'weight', 'pxapp_cluster/pxApp_2', '9');

  expect(show.stdout).toMatch(/pxapp_cluster\/pxApp_1 +UP +10 +0 +0 +127\.0\.0\.1:8081 +L7OK\/200/);
  expect(set.stdout).toContain(`${own}  pxapp_cluster/pxApp_1 weight 10 → 7`);
  expect(weights.stdout).toMatch(/pxApp_1 +7 \* +10 +UP\n.*pxApp_2 +20 +20 +UP/);
  expect(JSON.parse(sessions.stdout)).toMatchObject({ sessions: [{ path: 'pxapp_cluster/pxApp_1', old: [] }, {}, {}] });
  expect(exec.stdout.trim()).toBe('admin');
  expect(refused).toMatchObject({ status: 5 });
  expect(changed, changed.stderr).toMatchObject({ status: 0 });
  const [header, ...runs] = (await sluice('history')).stdout.trim().split('\n');
  expect(header).toContain('RESULT');
  expect(runs.filter((line) => line.includes(' haproxy ')).slice(0, 2)).toEqual([
    expect.stringMatching(/ haproxy exec .* done /),
    expect.stringMatching(/ haproxy weights .* done /),
  ]);
  expect(await runtime(ownHost(), 'get weight pxapp_cluster/pxApp_1')).toMatch(/^7 /);
  expect(await runtime(ownHost(), 'get weight pxapp_cluster/pxApp_2')).toMatch(/^9 /);
});
