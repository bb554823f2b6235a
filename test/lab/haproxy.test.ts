import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { haproxyProgram, parseServerStates, renderHaproxy } from '../../lab/haproxy.ts';

const host = { address: '10.77.0.11' };

describe('haproxyProgram()', () => {
  it.each([
    { SLUICE_LAB_HAPROXY: undefined, program: '/usr/sbin/haproxy' },
    { SLUICE_LAB_HAPROXY: '', program: '/usr/sbin/haproxy' },
    { SLUICE_LAB_HAPROXY: '/opt/haproxy-3.2/haproxy', program: '/opt/haproxy-3.2/haproxy' },
  ])('is $program with $SLUICE_LAB_HAPROXY', ({ SLUICE_LAB_HAPROXY, program }) => {
    expect(haproxyProgram({ SLUICE_LAB_HAPROXY })).toBe(program);
  });

  it.each(['./haproxy', '/opt/haproxy-3.2'])('refuses %s, which would not be found again', (SLUICE_LAB_HAPROXY) => {
    expect(() => haproxyProgram({ SLUICE_LAB_HAPROXY })).toThrow(
      `Cannot use SLUICE_LAB_HAPROXY=${SLUICE_LAB_HAPROXY}: it must be the whole path of a program named haproxy`,
    );
  });
});

describe('renderHaproxy()', () => {
  it('makes one line per container, and begins again with the weights when they run out', () => {
    const template = '    bind {address}:80\n    server pxApp_{id} 127.0.0.1:{port} weight {weight}\n';

    const config = renderHaproxy(template, host, { apps: 3, weights: [10, 20] });

    expect(config).toBe(
      [
        '    bind 10.77.0.11:80',
        '    server pxApp_1 127.0.0.1:8081 weight 10',
        '    server pxApp_2 127.0.0.1:8082 weight 20',
        '    server pxApp_3 127.0.0.1:8083 weight 10',
        '',
      ].join('\n'),
    );
  });

  it('leaves comments as they are', () => {
    const comment = '# {address} stands for the address, {id} for a container\n';

    expect(renderHaproxy(comment, host, { apps: 2, weights: [1] })).toBe(comment);
  });

  it('knows every placeholder of the shipped example', () => {
    const template = readFileSync('haproxy/haproxy.cfg.example', 'utf8');

    const config = renderHaproxy(template, host, { apps: 3, weights: [10, 20, 30] });

    expect(config.replace(/#.*/g, '')).not.toMatch(/[{}]/);
  });
});

it('parseServerStates() reads the columns by their names', () => {
  const recorded = [
    '1',
    '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_port',
    '3 pxapp_cluster 1 pxApp_1 127.0.0.1 2 8 0 10 8081',
  ].join('\n');

  expect(parseServerStates(recorded)).toEqual([
    {
      backend: 'pxapp_cluster',
      name: 'pxApp_1',
      address: '127.0.0.1:8081',
      operation: 2,
      admin: 8,
      weight: 0,
      configuredWeight: 10,
    },
  ]);
});
