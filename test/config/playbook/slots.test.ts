import { describe, expect, it } from 'vitest';
import { aPlaybook, linesOf, resolved, theInstance } from './fleet.ts';

const SLOTS = [
  '    strategy: start-first',
  '    slots: [a, b]',
  '    server: shop_{{ slot }}',
  '    container:',
  '      image: shop',
  '      ports: ["127.0.0.1:{{ 8081 if slot == \'a\' else 8181 }}:8080"]',
  '    ready: { http: "http://127.0.0.1:{{ 8081 if slot == \'a\' else 8181 }}/health" }',
  '',
].join('\n');

/** With one line of it, found by its beginning, changed or left out. */
function but(line: string, changed?: string): string {
  const lines = SLOTS.split('\n');
  const index = lines.findIndex((one) => one.trim().startsWith(line));
  if (index === -1) throw new Error(`no line begins with ${line}`);
  return lines.toSpliced(index, 1, ...(changed === undefined ? [] : [changed])).join('\n');
}

describe('an app with slots', () => {
  it('is one instance with two slots', () => {
    const { container, slots } = theInstance(aPlaybook(SLOTS));

    expect(container).toBe('shop_1');
    expect(slots?.map(({ name, servers, ready, spec }) => [name, servers[0]?.name, ready.probe, spec.ports])).toEqual([
      [
        'a',
        'shop_a',
        expect.objectContaining({ url: 'http://127.0.0.1:8081/health' }),
        [expect.objectContaining({ hostPort: 8081 })],
      ],
      [
        'b',
        'shop_b',
        expect.objectContaining({ url: 'http://127.0.0.1:8181/health' }),
        [expect.objectContaining({ hostPort: 8181 })],
      ],
    ]);
  });

  it('takes its strategy from the play', () => {
    expect(theInstance(aPlaybook(but('strategy'), '  strategy: start-first\n')).slots).toHaveLength(2);
  });

  it('takes its strategy from the order of its service, unless the playbook says one', () => {
    const service = '      deploy: { update_config: { order: start-first } }';
    const lines = but('strategy').replace('      image: shop', `      image: shop\n${service}`);

    expect(theInstance(aPlaybook(lines)).slots).toHaveLength(2);
    expect(linesOf(() => resolved(aPlaybook(lines, '  strategy: in-place\n')))).toEqual([
      'p.yml:6:5: slots: stands beside strategy: in-place, which has no use for them: say strategy: start-first, on fe1',
    ]);
  });

  it.each<[string, string, string]>([
    [
      'none',
      but('slots').replaceAll('{{ slot }}', 'x').replaceAll("slot == 'a'", 'true'),
      '4:5: slots: is required with strategy: start-first (two names such as [a, b]: see docs/strategies.md), on fe1',
    ],
    [
      'one',
      but('slots', '    slots: [a]'),
      '6:12: slots: should be a list of two names such as [a, b], is a list (it has 1)',
    ],
    [
      'two of the same name',
      but('slots', '    slots: [a, a]'),
      '6:12: slots: should be a list of two names such as [a, b], is a list (the two are the same)',
    ],
    [
      'the same server in both',
      but('server', '    server: shop'),
      '7:13: server: is the same in both slots: use {{ slot }} in it, on fe1',
    ],
    [
      'the same container in both',
      but('ports'),
      '9:7: container: is the same in both slots: use {{ slot }} in it, in its ports for example, on fe1',
    ],
  ])('is wrong with %s', (_why, lines, complaint) => {
    expect(linesOf(() => resolved(aPlaybook(lines)))).toEqual([`p.yml:${complaint}`]);
  });

  it('does not know the slot in the name of its container', () => {
    const named = aPlaybook(SLOTS).replace('shop_{{ id }}', 'shop_{{ slot }}');

    expect(linesOf(() => resolved(named)).join('\n')).toContain(
      'is another in each slot: {{ slot }} must not be in it',
    );
  });

  it('clashes with another app over the ports of either slot', () => {
    const other = '  - { name: other, container: { image: x, ports: ["127.0.0.1:8181:80"] } }\n';

    expect(linesOf(() => resolved(`${aPlaybook(SLOTS)}${other}`)).join('\n')).toContain(
      'two containers would publish port 127.0.0.1:8181/tcp',
    );
  });
});

describe('an app that is replaced blue-green', () => {
  const blueGreen = but('strategy', '    strategy: blue-green');

  it('switches together and keeps the old containers for ten minutes, unless it says otherwise', () => {
    const said = `${blueGreen}    keep: 30s\n    switch: pair-by-pair\n`;

    expect(theInstance(aPlaybook(blueGreen))).toMatchObject({
      ...{ strategy: 'blue-green', switching: { order: 'together', keepMs: 600_000 }, keep: 0 },
      slots: [{ name: 'a' }, { name: 'b' }],
    });
    expect(theInstance(aPlaybook(said)).switching).toEqual({ order: 'pair-by-pair', keepMs: 30_000 });
  });

  it('takes from its play what it does not say, and may keep stopped containers besides', () => {
    const play = '  strategy: blue-green\n  keep: 1h\n  switch: pair-by-pair\n';

    expect(theInstance(aPlaybook(but('strategy'), play)).switching).toEqual({
      order: 'pair-by-pair',
      keepMs: 3_600_000,
    });
    expect(theInstance(aPlaybook(`${but('strategy')}    keep: 2\n`, play))).toMatchObject({
      ...{ keep: 2, switching: { order: 'pair-by-pair', keepMs: 600_000 } },
    });
  });

  it.each([
    ['throttle: 4', /strategy: blue-green takes all the instances of a host at once, and cannot be beside throttle/],
    ['lockstep: true', /strategy: blue-green takes .* cannot be beside lockstep, in which hosts go on one by one/],
    ['parallelism: 2', undefined],
  ])('beside %s has its answer', (written, message) => {
    const lines = linesOf(() => resolved(aPlaybook(blueGreen, `  ${written}\n`)));
    expect(lines).toEqual(message === undefined ? [] : [expect.stringMatching(message)]);
  });

  it('needs slots', () => {
    const without = but('slots').replace('start-first', 'blue-green').replaceAll('{{ slot }}', 'x');

    expect(linesOf(() => resolved(aPlaybook(without.replaceAll("slot == 'a'", 'true'))))).toEqual([
      'p.yml:4:5: slots: is required with strategy: blue-green (two names such as [a, b]: see docs/strategies.md), on fe1',
    ]);
  });

  it.each([
    ['    switch: pair-by-pair\n', 'switch: is pair-by-pair, and together for shop_1'],
    ['    keep: 1h\n', 'keep: is 1h, and 10m for shop_1'],
  ])('changes over with the other apps of its host, and says %sas they do', (line, complaint) => {
    const next = blueGreen.replaceAll('shop', 'till').replaceAll('8081', '8082').replaceAll('8181', '8182');
    const both = `${aPlaybook(blueGreen)}  - name: till_{{ id }}\n${next}`;

    expect(resolved(both)[0]?.hosts[0]?.instances).toHaveLength(2);
    const [found, ...more] = linesOf(() => resolved(`${both}${line}`));
    expect(found).toContain(`${complaint}: all of a host change over together: say one `);
    expect(more).toEqual([]);
  });

  it.each([
    [
      'an app',
      `${SLOTS}    keep: 10m\n`,
      '',
      /p\.yml:12:11: keep: is a time, .* with strategy: blue-green, and this is start-first/,
    ],
    ['its play', SLOTS, '  keep: 10m\n', /p\.yml:\d+:9: keep: is a time, .* and this is start-first: say how many/],
  ])('alone may keep for a time, in %s', (_where, app, play, complaint) => {
    expect(linesOf(() => resolved(aPlaybook(app, play)))).toEqual([expect.stringMatching(complaint)]);
  });
});
