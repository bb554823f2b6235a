import { describe, expect, it } from 'vitest';
import { collide, ports } from '../../../src/config/playbook/ports.ts';
import { aPlaybook, linesOf, resolved, theInstance } from './fleet.ts';

describe('ports', () => {
  // prettier-ignore
  it.each<[unknown, string[]]>([
    [8080,                            [' - 8080 tcp']],
    ['8080',                          [' - 8080 tcp']],
    ['8081:8080',                     [' 8081 8080 tcp']],
    ['127.0.0.1:8081:8080',           ['127.0.0.1 8081 8080 tcp']],
    ['127.0.0.1::8080',               ['127.0.0.1 - 8080 tcp']],
    ['53:53/udp',                     [' 53 53 udp']],
    ['[::1]:6001:6001',               ['::1 6001 6001 tcp']],
    ['::1:6001:6001',                 ['::1 6001 6001 tcp']],
    ['3000-3001',                     [' - 3000 tcp', ' - 3001 tcp']],
    ['9090-9091:8080-8081',           [' 9090 8080 tcp', ' 9091 8081 tcp']],
    ['127.0.0.1:5000-5001:6000-6001', ['127.0.0.1 5000 6000 tcp', '127.0.0.1 5001 6001 tcp']],
  ])('%s publishes %j', (written, expected) => {
    const read = ports.parse([written]);

    const told = [read].flat().map((it) => ('hostIp' in it ? `${it.hostIp} ${it.hostPort ?? '-'} ${it.containerPort} ${it.protocol}` : it));
    expect(told).toEqual(expected);
  });

  it.each([
    ['"8081:0"', ' (ports go from 1 to 65535)'],
    ['"70000:80"', ' (ports go from 1 to 65535)'],
    ['"a:80"', ' (ports go from 1 to 65535)'],
    ['"80/icmp"', ' (the protocol is tcp, udp or sctp)'],
    ['"localhost:80:80"', ' ("localhost" is no IP address)'],
    ['"8000-8009:80"', ' (Docker would choose one: name it)'],
    ['"8000-8009:80-81"', ' (both ranges must be of the same length)'],
    ['"web"', ''],
    ['true', ''],
  ])('%s is refused%s', (written, hint) => {
    const lines = linesOf(() => resolved(aPlaybook(`    container: { image: a, ports: [${written}] }\n`)));

    expect(lines).toEqual([
      `p.yml:5:36: container.ports[0]: should be a port such as "8080", "8081:8080" or "127.0.0.1:8081:8080/tcp", is ${written}${hint}`,
    ]);
  });

  it.each([
    ['{ target: 80 }', [' - 80 tcp']],
    ['{ target: 80, published: 8080, protocol: udp, mode: host }', [' 8080 80 udp']],
    ['{ target: 80, published: "8080", host_ip: 127.0.0.1, mode: ingress }', ['127.0.0.1 8080 80 tcp']],
    ['{ target: 80-81, published: 8080-8081, name: web, app_protocol: http }', [' 8080 80 tcp', ' 8081 81 tcp']],
    ['{ target: 80, host_ip: "::1" }', ['::1 - 80 tcp']],
  ])('the long %s is read', (written, expected) => {
    const { spec } = theInstance(aPlaybook(`    container: { image: a, ports: [${written}] }\n`));

    const told = (spec.ports ?? []).map(
      (it) => `${it.hostIp} ${it.hostPort ?? '-'} ${it.containerPort} ${it.protocol}`,
    );
    expect(told).toEqual(expected);
  });

  it.each([
    ['{ published: 80 }', '(its target is the port in the container)'],
    ['{ target: 80, mode: none }', '(the mode is host or ingress)'],
    ['{ target: 80, port: 1 }', '("port" is no known key of it)'],
  ])('the long %s is refused', (written, hint) => {
    const lines = linesOf(() => resolved(aPlaybook(`    container: { image: a, ports: [${written}] }\n`)));

    expect(lines[0]).toContain(`is a mapping ${hint}`);
  });

  it('a port that YAML reads as a time is to be quoted', () => {
    const lines = linesOf(() => resolved(aPlaybook('    container:\n      image: a\n      ports:\n        - 22:22\n')));

    expect(lines).toEqual(['p.yml:8:11: container.ports[0]: quote it: "22:22" without quotes is 1342']);
  });
});

describe('collide()', () => {
  const port = (hostIp: string, hostPort: number | undefined, protocol: 'tcp' | 'udp' = 'tcp') =>
    ({ hostIp, hostPort, containerPort: 80, protocol }) as const;

  it.each([
    ['the same', port('', 80), port('', 80), true],
    ['all addresses and one', port('0.0.0.0', 80), port('127.0.0.1', 80), true],
    ['different addresses', port('127.0.0.1', 80), port('127.0.0.2', 80), false],
    ['different ports', port('', 80), port('', 81), false],
    ['different protocols', port('', 80), port('', 80, 'udp'), false],
    ['ports that the Engine chooses', port('', undefined), port('', undefined), false],
  ])('%s: %j %j is %s', (_why, one, other, expected) => {
    expect(collide(one, other)).toBe(expected);
  });
});
