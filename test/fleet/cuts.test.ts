import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../lab/host.ts';
import { cutSsh, heal, labReset } from '../../lab/lab.ts';
import { folderWith } from '../support/command-line.ts';
import { allServers, containersOf, everyHostReweighed, load, reweigh, untilServers } from '../support/fleet.ts';
import { shortPlaybook } from '../support/short-playbook.ts';
import { sluice } from '../support/sluice.ts';
import { struck, untilOldIsStopped, type Strike, type Stopped, type Struck } from '../support/strikes.ts';

const CUT_MS = 20_000;
const ON_V2 = ['pxApp_1 v2', 'pxApp_2 v1', 'pxApp_3 v1'];

/** Requests go on: only what goes to sshd, or comes from it, gets lost. */
async function cutForAWhile(host: Host, stopped: Stopped): Promise<void> {
  await stopped(() => cutSsh(host));
  await sleep(CUT_MS);
  await heal(host);
}

/** The server takes requests as soon as HAProxy's own checks have passed. */
const untilReady = async (host: Host): Promise<void> =>
  untilServers(host, ([first = '']) => first.startsWith('pxApp_1 7 0 '));

/** Of the step that a host was in, in milliseconds. */
function durationOf({ events }: Struck, host: string, step: string): number {
  const ended = events.find(
    (event) => event.type === 'step-ended' && event.subject.host === host && event.step === step,
  );
  return ended?.type === 'step-ended' ? ended.ms : 0;
}

describe('a rollout of the real fleet', () => {
  const playbook = shortPlaybook(folderWith({}), { serial: 3 });
  const to = (version: string): readonly string[] => ['rollout', playbook, '-e', `pxapp_version=${version}`, '--yes'];
  const cutAt = (at: Strike['at'], when?: Strike['when']): Strike => ({
    at,
    ...(when && { when }),
    then: cutForAWhile,
  });
  beforeEach(async () => {
    await labReset();
    await reweigh('fe1', 'fe2', 'fe3');
  });

  it.each([
    { by: 'ssh2', fe1: cutAt('drain'), fe2: cutAt('replace', untilOldIsStopped), fe3: cutAt('check') },
    { by: 'ssh2', fe1: cutAt('restore', untilReady), fe2: cutAt('soak'), fe3: cutAt('retire') },
    // Its connections cannot be reset: the run waits for what was sent over them.
    { by: 'openssh', fe1: cutAt('drain'), fe2: cutAt('restore', untilReady), fe3: cutAt('soak') },
  ])('goes on when SSH, by $by, was cut for 20 s in $fe1.at, $fe2.at and $fe3.at', async ({ by, ...strikes }) => {
    const traffic = load();

    const ended = await struck([...to('v2'), '--transport', by], {
      fe1: [strikes.fe1],
      fe2: [strikes.fe2],
      fe3: [strikes.fe3],
    });

    const report = await traffic.stop();
    expect(ended.status, ended.stdout).toBe(0);
    for (const [host, { at }] of Object.entries(strikes)) {
      expect(durationOf(ended, host, at), `${at} of ${host}`).toBeGreaterThan(CUT_MS / 2);
      expect(await containersOf(host)).toEqual(ON_V2);
    }
    expect(await allServers()).toEqual(everyHostReweighed);
    expect((await sluice('lock', 'list')).stdout.match(/ free$/gm)).toHaveLength(3);
    expect(report.failures).toEqual([]);
  });

  it('goes home when SSH was cut for 20 s on the way there', async () => {
    const traffic = load();

    const ended = await struck(to('exits'), { fe1: [cutAt('rollBack')], fe2: [cutAt('restore')] });

    const report = await traffic.stop();
    expect(ended.status, ended.stdout).toBe(2);
    for (const host of ['fe1', 'fe2', 'fe3']) expect((await containersOf(host))[0]).toBe('pxApp_1 v1');
    expect(await allServers()).toEqual(everyHostReweighed);
    expect((await sluice('lock', 'list')).stdout.match(/ free$/gm)).toHaveLength(3);
    expect(report.failures).toEqual([]);
  });
});
