import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Play } from '../../../src/rollout/play.ts';
import { linesOf, resolved } from '../playbook/fleet.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-deploy-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Written {
  /** Under `deploy` of the services a and b. */
  readonly a: string;
  readonly b?: string;
  /** In the play, and in the app of service a. */
  readonly play?: string;
  readonly app?: string;
}

function play({ a, b, play: ofPlay = '', app: ofApp = '' }: Written): Play | undefined {
  const service = (name: string, deploy: string): string =>
    `  ${name}:\n    image: shop\n    network_mode: bridge\n    deploy: ${deploy}\n`;
  const path = join(folder, 'compose.yml');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `services:\n${service('a', a)}${b === undefined ? '' : service('b', b)}`);
  const app = (name: string, more: string): string =>
    `  - name: ${name}_{{ id }}\n    compose: compose.yml\n    service: ${name}\n${more === '' ? '' : `    ${more}\n`}`;
  const more = ofPlay === '' ? '' : `  ${ofPlay}\n`;
  const text = `- hosts: fe\n  balancer: { backend: b }\n${more}  apps:\n${app('a', ofApp)}${b === undefined ? '' : app('b', '')}`;
  return resolved(text, undefined, { playbookDir: folder, controller: {} })[0];
}

const complaints = (written: Written): string[] =>
  linesOf(() => play(written)).map((line) => line.replaceAll(`${folder}/`, '').replace(/, on fe1.*$/, ''));

describe('deploy.replicas', () => {
  it.each<[string, Written, readonly string[]]>([
    ['is the number of instances on each host', { a: '{ replicas: 2 }' }, ['a_1', 'a_2']],
    ['gives way to instances of the app', { a: '{ replicas: 2 }', app: 'instances: 1' }, ['a_1']],
    ['may be none', { a: '{ replicas: 0 }', b: '{ replicas: "1" }' }, ['b_1']],
    ['is 1 when nothing says so', { a: '{}' }, ['a_1']],
  ])('%s', (_why, written, names) => {
    const found = play(written)?.hosts.map(({ instances }) => instances.map(({ container }) => container));

    expect(found).toEqual([names, names, names]);
  });
});

describe('deploy.update_config', () => {
  it('is what the play leaves open', () => {
    const all = '{ parallelism: 2, delay: 10s, failure_action: rollback, monitor: 1m, max_failure_ratio: 0.29 }';

    const found = play({ a: `{ update_config: ${all} }` });

    expect(found).toMatchObject({ serial: [{ hosts: 2 }], maxFailPercentage: undefined });
    expect(found?.policy).toMatchObject({ pause: 10_000, onFailure: 'rollback', maxFailures: { percent: 29 } });
    expect(found?.hosts[0]?.instances[0]?.monitor).toMatchObject({ forMs: 60_000, everyMs: 1000 });
    expect(found?.back).toBeUndefined();
  });

  it.each<[string, Written, object]>([
    ['serial', { a: '{ update_config: { parallelism: 2 } }', play: 'serial: 3' }, { serial: [{ hosts: 3 }] }],
    ['pause', { a: '{ update_config: { delay: 10s } }', play: 'pause: 0s' }, { policy: { pause: 0 } }],
    [
      'on_failure',
      { a: '{ update_config: { failure_action: continue } }', play: 'on_failure: ask' },
      { policy: { onFailure: 'ask' } },
    ],
    [
      'max_failures',
      { a: '{ update_config: { max_failure_ratio: 1 } }', play: 'max_failures: 1' },
      { policy: { maxFailures: { hosts: 1 } } },
    ],
    [
      'max_fail_percentage',
      { a: '{ update_config: { max_failure_ratio: 1 } }', play: 'max_fail_percentage: 20' },
      { maxFailPercentage: 20, policy: { maxFailures: undefined } },
    ],
  ])('gives way to %s of the play', (_key, written, shows) => {
    expect(play(written)).toMatchObject(shows);
  });

  it.each<[string, string, number | undefined]>([
    ['the play', 'monitor: 5s', 5000],
    ['the play that only says what counts', 'monitor: { max_errors: 3 }', 60_000],
    ['the play that switches it off', 'monitor: 0s', undefined],
  ])('gives way to monitor of %s', (_where, ofPlay, forMs) => {
    const found = play({ a: '{ update_config: { monitor: 1m } }', play: ofPlay });

    expect(found?.hosts[0]?.instances[0]?.monitor?.forMs).toBe(forMs);
  });

  it('watches the instances of its own service only', () => {
    const found = play({ a: '{ update_config: { monitor: 1m } }', b: '{}', app: 'monitor: { every: 2s }' });

    expect(found?.hosts[0]?.instances.map(({ monitor }) => monitor?.forMs)).toEqual([60_000, undefined]);
    expect(found?.hosts[0]?.instances[0]?.monitor?.everyMs).toBe(2000);
  });

  it.each<[string, string, object]>([
    ['0 are all hosts at once', '{ parallelism: 0 }', { serial: [{ percent: 100 }] }],
    ['stop-first is what is done', '{ order: stop-first }', { serial: [{ hosts: 1 }] }],
    [
      'a ratio means nothing to continue',
      '{ failure_action: continue, max_failure_ratio: 0.5 }',
      { policy: { onFailure: 'continue', maxFailures: undefined } },
    ],
    ['a ratio of 0 is the first failed host', '{ max_failure_ratio: 0 }', { policy: { maxFailures: { percent: 0 } } }],
  ])('%s', (_why, config, shows) => {
    expect(play({ a: `{ update_config: ${config} }` })).toMatchObject(shows);
  });

  it.each<[string, string, string]>([
    [
      'an order that is not there',
      '{ order: last }',
      'compose.yml:5:39: services.a.deploy.update_config.order: should be stop-first or start-first, is "last"',
    ],
    [
      'another failure_action',
      '{ failure_action: stop }',
      'compose.yml:5:48: services.a.deploy.update_config.failure_action: should be pause, continue or rollback, is "stop"',
    ],
    [
      'a ratio above 1',
      '{ max_failure_ratio: 20 }',
      'compose.yml:5:51: services.a.deploy.update_config.max_failure_ratio: should be a number from 0 to 1 such as 0.25, is 20',
    ],
    [
      'an unknown key',
      '{ paralelism: 1 }',
      'compose.yml:5:32: services.a.deploy.update_config.paralelism: is no known key (did you mean "parallelism"?)',
    ],
  ])('is refused with %s', (_why, config, line) => {
    expect(complaints({ a: `{ update_config: ${config} }` })).toEqual([line]);
  });

  it('may be that of one of two services', () => {
    expect(play({ a: '{}', b: '{ update_config: { parallelism: 3 } }' })?.serial).toEqual([{ hosts: 3 }]);
  });

  it('must be the same where two services of a play say it, unless the play does', () => {
    const both = { a: '{ update_config: { delay: 10s } }', b: '{ update_config: { delay: 1m } }' };

    expect(complaints(both)).toEqual([
      'compose.yml:9:32: deploy.update_config.delay: is 1m, but compose.yml:5:32 says 10s for the same play: say pause in the play',
    ]);
    expect(play({ ...both, play: 'pause: 5s' })?.policy.pause).toBe(5000);
  });
});

describe('deploy.rollback_config', () => {
  it('is how what the play has done is taken back', () => {
    const all = '{ parallelism: 0, delay: 5s, failure_action: pause, max_failure_ratio: 0.5, monitor: 0s }';

    expect(play({ a: `{ rollback_config: ${all} }`, play: 'serial: 1' })?.back).toEqual({
      ...{ serial: [{ percent: 100 }], pauseMs: 5000, onFailure: 'pause', maxFailures: { percent: 50 } },
    });
  });

  it.each<[string, string, string]>([
    [
      'a rollback of the rollback',
      '{ failure_action: rollback }',
      'compose.yml:5:50: services.a.deploy.rollback_config.failure_action: should be pause or continue, is "rollback"',
    ],
    [
      'a monitor',
      '{ monitor: 5s }',
      'compose.yml:5:43: services.a.deploy.rollback_config.monitor: should be 0s, is "5s" (what is taken back has served before and is not watched)',
    ],
  ])('is refused with %s', (_why, config, line) => {
    expect(complaints({ a: `{ rollback_config: ${config} }` })).toEqual([line]);
  });

  it('must be the same for all services of a play', () => {
    const both = { a: '{ rollback_config: { parallelism: 1 } }', b: '{ rollback_config: { parallelism: 2 } }' };

    expect(complaints(both)).toEqual([
      'compose.yml:9:34: deploy.rollback_config.parallelism: is 2, but compose.yml:5:34 says 1 for the same play: make both the same',
    ]);
  });
});

it('deploy may stand in a container of the playbook as well', () => {
  const deploy = 'deploy: { replicas: 2, update_config: { parallelism: 2 } }';
  const [found] = resolved(
    `- hosts: fe\n  balancer: { backend: b }\n  apps:\n  - name: a_{{ id }}\n    container: { image: shop, ${deploy} }\n`,
  );

  expect(found?.serial).toEqual([{ hosts: 2 }]);
  expect(found?.hosts[0]?.instances).toHaveLength(2);
});
