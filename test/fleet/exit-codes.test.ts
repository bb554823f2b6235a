import { beforeAll, describe, expect, it } from 'vitest';
import { cut, heal, labReset } from '../../lab/lab.ts';
import { allServers, everyHostInService, hostNamed } from '../support/fleet.ts';
import { rolloutTo, sluice, start } from '../support/sluice.ts';

/** 1 and 8 are in bad-versions.test.ts, 2 in host/bad-versions.test.ts, 7 and 99 in host/stopping.test.ts, 250 in test/cli. */
describe('exit codes', () => {
  beforeAll(async () => {
    await labReset();
  });

  it('0: there is nothing to do', async () => {
    expect(await sluice(...rolloutTo('v1'))).toMatchObject({ status: 0 });
  });

  it('0: the plan tells images with their digests, weights, sessions and capacity, and status how all of it stands', async () => {
    const plan = await sluice('plan', 'playbooks/pxapp.yml', '-e', 'pxapp_version=v2');
    const status = await sluice('status', 'fe');

    expect(plan.status, plan.stderr).toBe(0);
    expect(status.status, status.stderr).toBe(0);
    for (const [host, container, weight] of [
      ['fe1', 'pxApp_1', 10],
      ['fe2', 'pxApp_2', 20],
      ['fe3', 'pxApp_3', 30],
    ] as const) {
      const server = `pxapp_cluster/${container}`;
      expect(plan.stdout).toMatch(
        new RegExp(
          `^ +~ ${host}  ${container}  \\S+/pxapp:v1 → v2 \\([0-9a-f]{12} → [0-9a-f]{12}\\) +${server} weight ${weight} UP 0 sessions$`,
          'm',
        ),
      );
      expect(status.stdout).toMatch(
        new RegExp(`^${host} +${container} +\\S+/pxapp:v1 +[0-9a-f]{12} +\\S+ +${server} +UP +${weight} +0$`, 'm'),
      );
      expect(plan.stdout).toMatch(
        new RegExp(`^ +${host} pxapp_cluster +3 of 3 usable now +2 at the worst moment +min_up 2$`, 'm'),
      );
    }
    expect(plan.stdout).toMatch(/^ +9 to replace, 0 to create, 0 to leave alone$/m);
  });

  it('3: the plan has changes and --detailed-exitcode is given; 0 without it, and without changes', async () => {
    const plan = ['plan', 'playbooks/pxapp.yml', '-e'];
    expect(await sluice(...plan, 'pxapp_version=v2', '--detailed-exitcode')).toMatchObject({ status: 3 });
    expect(await sluice(...plan, 'pxapp_version=v2')).toMatchObject({ status: 0 });
    expect(await sluice(...plan, 'pxapp_version=v1', '--detailed-exitcode')).toMatchObject({ status: 0 });
  });

  it('3: also for rollout --check, which changes nothing', async () => {
    expect(await sluice(...rolloutTo('v2', '--check', '--detailed-exitcode'))).toMatchObject({ status: 3 });
    expect(await allServers()).toEqual(everyHostInService);
  });

  it('4: a host cannot be reached; nothing is touched', async () => {
    await cut(hostNamed('fe2'));
    try {
      const ended = await sluice(...rolloutTo('v2', '--connect-timeout', '2s'));
      expect(ended, ended.stderr).toMatchObject({ status: 4 });
      expect(ended.stderr).toMatch(/Cannot reach fe2 /);
    } finally {
      await heal(hostNamed('fe2'));
    }
    expect(await allServers()).toEqual(everyHostInService);
  });

  // prettier-ignore
  it.each([
    { why: 'no such host',                  args: rolloutTo('v2', '--limit', 'fe9'),               says: /"fe9" matches no host/ },
    { why: 'no such tag',                   args: rolloutTo('v2', '--tags', 'nosuch'),             says: /nosuch/ },
    { why: 'no such playbook',              args: ['plan', 'playbooks/nosuch.yml'],                says: /playbooks\/nosuch\.yml/ },
    { why: 'no such option',                args: ['plan', 'playbooks/pxapp.yml', '--limits', 'x'], says: /limits/ },
    { why: 'no such command',               args: ['rolout', 'playbooks/pxapp.yml'],               says: /rollout/ },
    { why: 'a bad number',                  args: ['status', '--forks', 'many'],                   says: /--forks many/ },
    { why: 'nobody to ask',                 args: ['rollout', 'playbooks/pxapp.yml', '-e', 'pxapp_version=v2'], says: /--yes/ },
  ])('5: $why', async ({ args, says }) => {
    const ended = await sluice(...args);
    expect(ended, ended.stderr).toMatchObject({ status: 5 });
    expect(ended.stderr).toMatch(says);
  });

  it('75: another run holds a host; it is named', async () => {
    const holder = start(rolloutTo('v2', '--limit', 'fe3'));
    const held = await new Promise<boolean>((resolve) => {
      holder.child.stderr?.on('data', (text: Buffer) => {
        if (text.includes('drain')) resolve(true);
      });
    });
    const second = await sluice(...rolloutTo('v2'));
    const first = await holder.ended;

    expect(held).toBe(true);
    expect(second, second.stderr).toMatchObject({ status: 75 });
    expect(second.stderr).toMatch(/Cannot lock fe3: it is held by \S+@\S+, run \S+/);
    expect(first.status, first.stderr).toBe(0);
  });
});
