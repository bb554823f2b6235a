import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readPlaybook } from '../../../src/config/playbook/read.ts';
import { hooksOfPlays, placesAt, type HookPoint } from '../../../src/rollout/hooks.ts';
import { addressOf } from '../../../src/rollout/metric.ts';
import { aFleet, aPlaybook, linesOf, resolved, theInstance } from './fleet.ts';

const inPlay = (text: string): string => aPlaybook('', `  hooks: ${text}\n`);
const inApp = (text: string, play = ''): string => aPlaybook(`    hooks: ${text}\n`, play);
const inInstance = (point: string): boolean => point.endsWith('_instance') || point === 'before_traffic';

describe('hooks', () => {
  it('are none unless said', () => {
    expect(hooksOfPlays(resolved(aPlaybook()))).toEqual([]);
  });

  it('have a minute, must end well, and run a text in a shell', () => {
    const [play] = resolved(inPlay('{ before_run: [{ name: a, where: controller, command: "echo $HOME" }] }'));

    const spec = { command: ['/bin/sh', '-c', 'echo $HOME'], env: {} };
    const hook = { name: 'a', where: 'controller', timeoutMs: 60_000, onFailure: 'fail', noLog: false, spec };
    expect(play?.hooks).toEqual({ before_run: [hook] });
  });

  it('may say all of it otherwise', () => {
    const written = `{ after_batch: [{ name: a, where: host, command: [ls, -l, 7], timeout: 5m, on_failure: ignore, no_log: yes, env: { A: 1, B: '' } }] }`;
    const [play] = resolved(inPlay(written));

    const spec = { command: ['ls', '-l', '7'], env: { A: '1', B: '' } };
    const hook = { name: 'a', where: 'host', timeoutMs: 300_000, onFailure: 'ignore', noLog: true, spec };
    expect(play?.hooks).toEqual({ after_batch: [hook] });
  });

  it('around a host know its variables, and those of an app its instance', () => {
    const inventory = aFleet({ fe1: { zone: 'north' } });
    const play = `  hooks: { before_host: [{ name: a, where: host, command: [note, '{{ zone }}'] }] }\n`;
    const app = `{ before_traffic: [{ name: b, where: new_container, command: [warm, '{{ zone }}', '{{ id }}'] }] }`;

    const [read] = resolved(inApp(app, play), inventory);

    expect(read?.hosts[0]?.hooks?.before_host?.[0]?.spec?.command).toEqual(['note', 'north']);
    expect(theInstance(inApp(app, play), inventory).hooks?.before_traffic?.[0]?.spec?.command).toEqual([
      ...['warm', 'north', '1'],
    ]);
  });

  it('before there is a host know none of its variables', () => {
    const text = inPlay(`{ before_run: [{ name: a, where: host, command: [note, '{{ zone }}'] }] }`);

    expect(linesOf(() => resolved(text, aFleet({ fe1: { zone: 'north' } })))).toEqual([
      expect.stringMatching(/^p\.yml:3:\d+: hooks\.before_run\[0\]\.command\[1\]: .*zone/),
    ]);
  });

  it('of an instance with two slots know which', () => {
    const app = `    slots: [a, b]\n    strategy: start-first\n    server: '{{ slot }}'\n    container: { image: shop, ports: ["{{ 1 if slot == 'a' else 2 }}:80"] }\n    hooks: { before_traffic: [{ name: w, where: old_container, command: ['{{ slot }}'] }] }\n`;
    const { slots } = theInstance(aPlaybook(app));

    expect(slots?.map(({ hooks }) => hooks?.before_traffic?.[0]?.spec?.command)).toEqual([['a'], ['b']]);
  });

  const everywhere = Object.entries(placesAt).flatMap(([point, places]) =>
    (['controller', 'host', 'old_container', 'new_container'] as const).map((where) => ({
      ...{ point: point as HookPoint, where, isFine: places.includes(where) },
    })),
  );

  it.each(everywhere)('$point in $where: $isFine', ({ point, where, isFine }) => {
    const text = `{ ${point}: [{ name: a, where: ${where}, command: ls }] }`;

    const lines = linesOf(() => readPlaybook('p.yml', inInstance(point) ? inApp(text) : inPlay(text)));

    const refused = expect.stringMatching(/where: should be controller.* is "(old|new)_container"$/) as unknown;
    expect(lines).toEqual(isFine ? [] : [refused]);
  });

  it.each([
    ['{ before: [] }', /hooks\.before: is no known key/],
    ['{ before_run: [] }', /hooks\.before_run: should be a list of at least one, is an empty list$/],
    ['{ before_run: ls }', /hooks\.before_run: should be a list of at least one, is "ls"$/],
    ['{ before_run: [ls] }', /hooks\.before_run\[0\]: should be a mapping, is "ls"$/],
    ['{ before_run: [{ where: controller, command: ls }] }', /before_run\[0\]\.name: is required$/],
    ['{ before_run: [{ name: a, where: controller }] }', /before_run\[0\]\.command: is required, or metric$/],
    ['{ before_run: [{ name: a, command: ls }] }', /before_run\[0\]\.where: is required$/],
    ['{ before_run: [{ name: a, where: controller, command: [] }] }', /command: should be a command for \/bin\/sh/],
    ['{ before_run: [{ name: a, where: controller, command: ls, timeout: 0s }] }', /timeout: .*above 0/],
    [
      '{ before_run: [{ name: a, where: controller, command: ls, env: { SLUICE_RUN: x } }] }',
      /"SLUICE_RUN" is sluice's own/,
    ],
    ['{ before_run: [{ name: a, where: controller, command: ls, env: { a-b: x } }] }', /"a-b" is no name for one/],
    [
      '{ before_run: [{ name: a, where: controller, command: ls, env: { A: "x\\ny" } }] }',
      /env\.A: should be text on one line/,
    ],
    ['{ before_run: [{ name: a, where: controller, command: ls, env: [A] }] }', /env: should be a mapping of names/],
  ])('are refused as %s', (written, message) => {
    expect(linesOf(() => readPlaybook('p.yml', inPlay(written)))).toEqual([expect.stringMatching(message)]);
  });

  const two = (where: string): string =>
    `[{ name: a, where: ${where}, command: ls }, { name: a, where: ${where}, command: ls }]`;

  it.each([
    [
      inPlay(`{ before_run: ${two('controller')} }`),
      /hooks\.before_run\[1\]\.name: there is a hook "a" before it already$/,
    ],
    [inPlay(`{ before_host: ${two('host')} }`), /hooks\.before_host\[1\]\.name: there is a hook "a" before it already/],
    [inApp(`{ before_instance: ${two('host')} }`), /hooks\.before_instance\[1\]\.name: there is a hook "a" before it/],
    [
      inApp('{ before_traffic: [{ name: a, where: old_container, command: ls }] }'),
      /hooks\.before_traffic\[0\]\.where: the old container is stopped by then; .* start-first/,
    ],
    [
      inApp(
        '{ before_traffic: [{ name: a, where: host, command: ls, timeout: 2m }] }',
        '  deadline: { instance: 90s }\n',
      ),
      /hooks: may take 2m before the new container is in service, and deadline\.instance is 1m30s/,
    ],
    [
      aPlaybook(
        '    run: { name: a, where: host, command: ls, timeout: 2m }\n',
        '  strategy: run\n  deadline: { instance: 90s }\n',
      ),
      /run: may take 2m before it is in service, and deadline\.instance is 1m30s/,
    ],
    [
      inApp(
        '{ before_instance: [{ name: a, where: host, command: ls, timeout: 1m }] }',
        '  strategy: run\n  run: { name: clear, command: ls, where: host, timeout: 1m }\n  deadline: { instance: 90s }\n',
      ),
      /hooks: may take 2m with its command before it is in service, and deadline\.instance is 1m30s/,
    ],
    [
      `${inPlay('{ before_run: [{ name: a, where: host, command: ls }] }')}${inPlay('{ before_run: [{ name: a, where: host, command: ls }] }')}`,
      /hooks\.before_run: an earlier play of the same name has a hook "a" already/,
    ],
  ])('that can never work are refused: %s', (text, message) => {
    expect(linesOf(() => resolved(text))).toContainEqual(expect.stringMatching(message));
  });
});

it.each([
  ['hooks.yml', ['migrate', 'note', 'tell', 'warm-up', 'smoke']],
  ['gates.yml', ['errors', 'warm']],
])('the example %s is sound', (file, names) => {
  const plays = resolved(readFileSync(`playbooks/${file}`, 'utf8'));

  expect(hooksOfPlays(plays).map(({ name }) => name)).toEqual(expect.arrayContaining(names));
});

describe('gates', () => {
  const gate = (metric: string, more = ''): string =>
    inPlay(`{ after_batch: [{ name: a, where: controller, metric: ${metric}${more} }] }`);

  it('wait a minute for a number that is right at once', () => {
    const [play] = resolved(gate('{ url: http://prom:9090, query: "sum(rate(errors[1m]))", below: 0.5 }'));

    expect(play?.hooks?.after_batch).toEqual([
      {
        ...{ name: 'a', where: 'controller', timeoutMs: 60_000, onFailure: 'fail' },
        gate: {
          ...{ url: 'http://prom:9090', query: 'sum(rate(errors[1m]))', limits: { below: 0.5 } },
          ...{ everyMs: 5_000, forMs: 0, spec: { headers: {} } },
        },
      },
    ]);
  });

  it('may say all of it otherwise', () => {
    const metric = `{ url: 'https://x/y', json: [a, 'b.c', 0], headers: { Authorization: 'Bearer x' }, above: '1', below: 5, for: 30s, every: 1s }`;
    const [play] = resolved(gate(metric, ', timeout: 2m, on_failure: ignore'));

    expect(play?.hooks?.after_batch).toEqual([
      {
        ...{ name: 'a', where: 'controller', timeoutMs: 120_000, onFailure: 'ignore' },
        gate: {
          ...{ url: 'https://x/y', json: ['a', 'b.c', '0'], limits: { above: 1, below: 5 } },
          ...{ everyMs: 1_000, forMs: 30_000, spec: { headers: { authorization: 'Bearer x' } } },
        },
      },
    ]);
  });

  it('show their address without the values of its parameters', () => {
    const [play] = resolved(gate(`{ url: 'http://x/y?token=abcd&from=-5m', below: 5 }`));

    const asked = play?.hooks?.after_batch?.[0]?.gate;
    expect(asked?.url).toBe('http://x/y?token=…&from=…');
    expect(asked && addressOf(asked)).toBe('http://x/y?token=abcd&from=-5m');
  });

  it('of an instance know it', () => {
    const app = `{ before_traffic: [{ name: b, where: host, metric: { url: 'http://127.0.0.1:{{ 8080 + id }}/keys', above: '{{ least }}' } }] }`;

    const { hooks } = theInstance(inApp(app), aFleet({ fe1: { least: 7 } }));

    expect(hooks?.before_traffic?.[0]?.gate).toMatchObject({ url: 'http://127.0.0.1:8081/keys', limits: { above: 7 } });
  });

  it.each([
    ['{ url: http://x }', '', /metric\.above: is required, or below, or equals$/],
    ['{ below: 1 }', '', /metric\.url: is required$/],
    ['{ url: ftp://x, below: 1 }', '', /metric\.url: should be an address such as/],
    ['{ url: "http://ann:pw@x", below: 1 }', '', /metric\.url: .*a login belongs into headers, as Authorization/],
    ['{ url: http://x, below: many }', '', /metric\.below: should be a number such as 0\.5, is "many"$/],
    ['{ url: http://x, equals: 1, below: 2 }', '', /metric\.equals: stands alone$/],
    ['{ url: http://x, above: 2, below: 2 }', '', /metric\.below: is no more than above, 2: no number is right$/],
    ['{ url: http://x, query: up, json: a, below: 2 }', '', /metric\.json: stands beside query/],
    ['{ url: http://x, headers: { "a b": c }, below: 2 }', '', /metric\.headers: .*"a b" is no name of a header/],
    ['{ url: http://x, headers: { a: "b\\nc" }, below: 2 }', '', /metric\.headers\.a: should be text on one line/],
    ['{ url: http://x, json: [], below: 2 }', '', /metric\.json: should be a path such as/],
    [
      '{ url: http://x, below: 1, for: 1m }',
      '',
      /metric\.for: is 1m, looked at every 5s, and the timeout of the hook 1m: it could never/,
    ],
    [
      '{ url: http://x, below: 1, for: 30s, every: 2m }',
      '',
      /metric\.for: is 30s, looked at every 2m, and the timeout/,
    ],
    ['{ url: http://x, below: .inf }', '', /metric\.below: should be a number/],
    ['{ url: http://x, above: -.inf }', '', /metric\.above: should be a number/],
    ['{ url: http://x, equals: .nan }', '', /metric\.equals: should be a number/],
    ['{ url: http://x, below: 1 }', ', command: ls', /\.command: stands beside metric/],
    ['{ url: http://x, below: 1 }', ', env: { A: b }', /\.env: stands beside metric/],
    ['{ url: http://x, below: 1 }', ', no_log: true', /\.no_log: stands beside metric/],
  ])('%s%s are refused', (metric, more, message) => {
    expect(linesOf(() => readPlaybook('p.yml', gate(metric, more)))).toEqual([expect.stringMatching(message)]);
  });

  it('do not ask from a container', () => {
    const app = `{ before_traffic: [{ name: b, where: new_container, metric: { url: http://x, above: 1 } }] }`;

    expect(linesOf(() => readPlaybook('p.yml', inApp(app)))).toEqual([
      expect.stringMatching(/where: a metric is asked from controller or host$/),
    ]);
  });

  it('that are templates are looked at once they are rendered', () => {
    const text = gate(`{ url: '{{ prom }}', below: '{{ most }}', above: 3 }`);
    const withVars = (most: number): string =>
      text.replace('  hooks:', `  vars: { prom: 'http://x', most: ${most} }\n  hooks:`);

    expect(resolved(withVars(4))[0]?.hooks?.after_batch?.[0]?.gate?.limits).toEqual({ above: 3, below: 4 });
    expect(linesOf(() => resolved(withVars(2)))).toEqual([expect.stringMatching(/metric\.below: is no more than/)]);
  });
});
