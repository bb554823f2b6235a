import { describe, expect, it } from 'vitest';
import { readPlaybook } from '../../../src/config/playbook/read.ts';
import { oneByOne } from '../../../src/rollout/at-once.ts';
import { aFleet, aPlaybook, linesOf, resolved } from './fleet.ts';

const onAll = (play: string): string => aPlaybook('', play).replace('hosts: fe1', 'hosts: fe');

describe('how much is in work at once', () => {
  it('is one instance of each host of a batch unless said', () => {
    expect(resolved(aPlaybook())[0]?.atOnce).toBeUndefined();
    expect(resolved(aPlaybook('', '  lockstep: false\n  parallelism: 1\n'))[0]?.atOnce).toBeUndefined();
  });

  it.each([
    ['parallelism: 2', { perHost: 2 }],
    ['throttle: 8', { inAll: 8 }],
    ['window: 5', { window: 5 }],
    ['lockstep: true', { isLockstep: true }],
    ['parallelism: "{{ many }}"', { perHost: 3 }],
  ])('%s is understood', (written, over) => {
    const [play] = resolved(aPlaybook('', `  vars: { many: 3 }\n  ${written}\n`));
    expect(play?.atOnce).toEqual({ ...oneByOne, ...over });
  });

  it('is a window where the play says so, whatever its services say of parallelism', () => {
    const deploy = '    container: { image: shop, deploy: { update_config: { parallelism: 2 } } }\n';

    expect(resolved(aPlaybook(deploy))[0]).toMatchObject({ serial: [{ hosts: 2 }] });
    const [play] = resolved(aPlaybook(deploy, '  window: 5\n'));
    expect(play).toMatchObject({ serial: [{ hosts: 1 }], atOnce: { window: 5, perHost: 1 } });
  });

  it.each([
    ['window: 0', /window: should be a number of hosts from 1 on, is 0$/],
    ['window: 50%', /window: should be a number of hosts from 1 on, is "50%"$/],
    ['parallelism: 0', /parallelism: should be a number of instances from 1 on, is 0$/],
    ['throttle: 1.5', /throttle: should be a number of instances from 1 on, is 1\.5$/],
    ['lockstep: pxApp', /lockstep: should be true or false, is "pxApp"$/],
    ['{ window: 5, serial: 2 }', /window: stands beside serial: a play goes batch by batch or in a window: say one/],
    ['{ window: 5, batch_by: zone }', /window: stands beside batch_by: a window goes on from host to host/],
    ['{ window: 5, lockstep: true }', /lockstep: stands beside window: hosts keep step within a batch/],
    ['{ lockstep: true, parallelism: 2 }', /lockstep: stands beside parallelism: in lockstep a host has one/],
    ['batch_by: "{{ zone }}"', undefined],
    ['batch_by: my zone', /batch_by: should be the name of a variable of the hosts, is "my zone"$/],
  ])('%s has its answer', (written, message) => {
    const keys = written.startsWith('{') ? written.slice(2, -2).split(', ') : [written];
    const play = keys.map((key) => `  ${key}\n`).join('');
    const lines = linesOf(() => readPlaybook('p.yml', aPlaybook('', play)));
    expect(lines).toEqual(message === undefined ? [] : [expect.stringMatching(message)]);
  });
});

describe('strategy: recreate-host', () => {
  it.each([
    [
      'throttle: 4',
      /strategy: recreate-host takes all the instances of a host at once, and cannot be beside throttle: say serial/,
    ],
    ['lockstep: true', /strategy: recreate-host takes .* cannot be beside lockstep, in which hosts go on one by one/],
    ['parallelism: 2', undefined],
    ['window: 2', undefined],
    ['ramp: { steps: [50%], every: 1s }', undefined],
  ])('beside %s has its answer', (written, message) => {
    const lines = linesOf(() => resolved(aPlaybook('', `  strategy: recreate-host\n  ${written}\n`)));
    expect(lines).toEqual(message === undefined ? [] : [expect.stringMatching(message)]);
  });
});

describe('batch_by', () => {
  it('gives every host its group, and makes each a batch', () => {
    const inventory = aFleet({ fe1: { zone: 'b' }, fe2: { zone: 'a' }, fe3: { zone: '{{ "b" }}' } });

    const [play] = resolved(onAll('  batch_by: zone\n'), inventory);

    expect(play?.hosts.map(({ host, group }) => `${host} ${group ?? ''}`)).toEqual([
      ...['fe1 zone b', 'fe2 zone a', 'fe3 zone b'],
    ]);
    expect(play?.serial).toEqual([{ percent: 100 }]);
  });

  it('has serial split them, and takes numbers', () => {
    const inventory = aFleet({ fe1: { rack: 1 }, fe2: { rack: 2 }, fe3: { rack: 2 } });

    const [play] = resolved(onAll('  batch_by: rack\n  serial: 1\n'), inventory);

    expect(play?.hosts.map(({ group }) => group)).toEqual(['rack 1', 'rack 2', 'rack 2']);
    expect(play?.serial).toEqual([{ hosts: 1 }]);
  });

  it.each([
    [undefined, /^p\.yml:3:\d+: batch_by: .*zone.* is not defined.* on fe2$/],
    [['a'], /batch_by: should be a variable with a text or a number on every host, is a list.* on fe2$/],
    [true, /batch_by: should be a variable with a text .* is true .*on fe2$/],
  ])('names the host where the variable is %s', (value, message) => {
    const zone = { zone: 'a' };
    const inventory = aFleet({ fe1: zone, fe2: value === undefined ? {} : { zone: value }, fe3: zone });

    const lines = linesOf(() => resolved(onAll('  batch_by: zone\n'), inventory));

    expect(lines).toEqual([expect.stringMatching(message)]);
  });
});
