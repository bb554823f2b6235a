import { describe, expect, it } from 'vitest';
import { aPlaybook, linesOf, resolved, theInstance } from './fleet.ts';

const duration = 'a duration with its unit, such as "30s", "500ms" or "1m30s"';

/** What becomes of `soak: …` and so on, for values that are good. */
describe('a value that is good', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['1m30s', 90_000],
    ['1.5s', 1500],
    ['0s', 0],
    ['168h', 604_800_000],
  ])('soak: %s is %d ms', (written, ms) => {
    expect(theInstance(aPlaybook(`    soak: ${written}\n`)).soakMs).toBe(ms);
  });

  it.each([
    ['1', [{ hosts: 1 }]],
    ['"2"', [{ hosts: 2 }]],
    ['"35%"', [{ percent: 35 }]],
    ['35%', [{ percent: 35 }]],
    ['"150%"', [{ percent: 100 }]],
    ['[1, "50%", 100%]', [{ hosts: 1 }, { percent: 50 }, { percent: 100 }]],
  ])('serial: %s is %j', (written, serial) => {
    expect(resolved(aPlaybook('', `  serial: ${written}\n`))[0]?.serial).toEqual(serial);
  });

  it.each([
    ['0', { servers: 0 }],
    ['2', { servers: 2 }],
    ['50%', { percent: 50 }],
    ['"100%"', { percent: 100 }],
  ])('min_up: %s is %j', (written, minUp) => {
    expect(theInstance(aPlaybook(`    balancer: { min_up: ${written} }\n`)).minUp).toEqual(minUp);
  });

  it.each([
    ['{ http: "http://127.0.0.1:1/x" }', { kind: 'http', url: 'http://127.0.0.1:1/x', status: [200, 399] }],
    ['{ http: "http://a", status: 204 }', { kind: 'http', url: 'http://a', status: [204, 204] }],
    ['{ http: "http://a", status: 200-299 }', { kind: 'http', url: 'http://a', status: [200, 299] }],
    ['{ tcp: "127.0.0.1:8081" }', { kind: 'tcp', host: '127.0.0.1', port: 8081 }],
    ['{ tcp: "[::1]:80" }', { kind: 'tcp', host: '::1', port: 80 }],
    ['{ command: [curl, -f, localhost] }', { kind: 'command', command: ['curl', '-f', 'localhost'] }],
    ['{ command: curl -f "a b" | grep x }', { kind: 'command', command: ['/bin/sh', '-c', 'curl -f "a b" | grep x'] }],
    ['{ within: 5s }', undefined],
  ])('ready: %s probes with %j', (written, probe) => {
    expect(theInstance(aPlaybook(`    ready: ${written}\n`)).ready.probe).toEqual(probe);
  });

  it.each([
    ['0', 0],
    ['100', 100],
    ['33.3', 33.3],
    ['"30%"', 30],
  ])('max_fail_percentage: %s is %d', (written, percent) => {
    expect(resolved(aPlaybook('', `  max_fail_percentage: ${written}\n`))[0]?.maxFailPercentage).toBe(percent);
  });

  it('hosts may be a list', () => {
    const [play] = resolved(aPlaybook().replace('hosts: fe1', 'hosts: [fe2, fe1]'));

    expect(play?.hosts.map(({ host }) => host)).toEqual(['fe2', 'fe1']);
    expect(play?.name).toBe('fe2,fe1');
  });
});

const serial = 'a number of hosts such as 2, or a percentage such as "35%"';

describe('a value of a play that is wrong', () => {
  it.each([
    ['serial: banana', `3:11: serial: should be ${serial}, is "banana"`],
    ['serial: 0', `3:11: serial: should be ${serial}, is 0 (at least 1; all hosts at once is "100%")`],
    ['serial: -1', `3:11: serial: should be ${serial}, is -1 (at least 1)`],
    ['serial: 1.5', `3:11: serial: should be ${serial}, is 1.5 (whole numbers only)`],
    ['serial: 0%', `3:11: serial: should be ${serial}, is "0%" (at least "1%")`],
    ['serial: 3.5%', `3:11: serial: should be ${serial}, is "3.5%" (whole numbers only)`],
    ['serial: []', `3:11: serial: should be ${serial}, is an empty list (it needs at least one size)`],
    ['serial: [1, x]', `3:15: serial[1]: should be ${serial}, is "x"`],
    ['serial:', `3:3: serial: should be ${serial}, is empty`],
    ['serial: {a: 1}', `3:11: serial: should be ${serial}, is a mapping`],
    ['max_fail_percentage: 101', '3:24: max_fail_percentage: should be a number from 0 to 100, is 101'],
    ['max_fail_percentage: -1', '3:24: max_fail_percentage: should be a number from 0 to 100, is -1'],
    ['drain: 60s', '3:10: drain: should be a mapping, is "60s"'],
    ['drain: { timeout: 60 }', `3:21: drain.timeout: should be ${duration}, is 60 (60s or 60ms?)`],
    ['drain: { on_timeout: stop }', '3:24: drain.on_timeout: should be fail, continue or shutdown_sessions, is "stop"'],
    ['soak: 1d', `3:9: soak: should be ${duration}, is "1d"`],
    ['soak: 169h', `3:9: soak: should be ${duration}, is "169h" (at most 168h)`],
    ['soak: true', `3:9: soak: should be ${duration}, is true`],
    [
      'keep: -1',
      '3:9: keep: should be a number of containers such as 1, or with blue-green a duration such as "10m", is -1',
    ],
    ['name: [a]', '3:9: name: should be text on one line, is a list'],
    ['name: "a\\nb"', '3:9: name: should be text on one line, is "a\\nb"'],
    ['name: yes', '3:9: name: should be text on one line, is true (quote it)'],
    ['vars: [a]', '3:9: vars: should be a mapping of names to values, is a list'],
    [
      'vars: { a-b: 1 }',
      '3:16: vars.a-b: should be a mapping of names to values, is 1 ("a-b" is no name for a variable)',
    ],
    ['srial: 1', '3:3: srial: is no known key (did you mean "serial"?)'],
    [
      'strategy: free',
      '3:13: strategy: should be in-place, start-first, blue-green, recreate-host, restart or run, is "free"',
    ],
    ['throttles: 1', '3:3: throttles: is no known key (did you mean "throttle"?)'],
    ['x-mine: 1', undefined],
  ])('%s', (line, complaint) => {
    const lines = linesOf(() => resolved(aPlaybook('', `  ${line}\n`)));

    expect(lines).toEqual(complaint === undefined ? [] : [`p.yml:${complaint}`]);
  });
});

const status = 'a status such as 200, or a range such as 200-399';
const socket = 'an absolute path, or an address such as "ipv4@127.0.0.1:9999"';
const name = 'a name of letters, digits, "_", ".", ":" and "-"';

describe('a value of an app that is wrong', () => {
  it.each([
    [
      'server: "a;b"',
      `5:13: server: should be ${name}, or "discover", or a mapping of each backend to one of these, is "a;b"`,
    ],
    [
      'server: "a\\nb"',
      `5:13: server: should be ${name}, or "discover", or a mapping of each backend to one of these, is "a\\nb"`,
    ],
    ['balancer: { backend: "a b" }', `5:26: balancer.backend: should be ${name}, or a list of them, is "a b"`],
    ['balancer: { backend: [a, "b;c"] }', `5:30: balancer.backend[1]: should be ${name}, is "b;c"`],
    ['balancer: { socket: run/x }', `5:25: balancer.socket: should be ${socket}, is "run/x"`],
    ['balancer: { socket: "/run/\\nx" }', `5:25: balancer.socket: should be ${socket}, is "/run/\\nx"`],
    ['balancer: { socket: "ipv4@127.0.0.1" }', `5:25: balancer.socket: should be ${socket}, is "ipv4@127.0.0.1"`],
    [
      'balancer: { socket: "127.0.0.1:9999", container: lb }',
      '5:43: balancer.container: stands beside an address as socket: in a container it is a path',
    ],
    [
      'balancer: { min_up: 1.5 }',
      '5:25: balancer.min_up: should be a number of servers such as 1, or a percentage such as "50%", is 1.5',
    ],
    [
      'balancer: { min_up: 101% }',
      '5:25: balancer.min_up: should be a number of servers such as 1, or a percentage such as "50%", is "101%" (at most "100%")',
    ],
    ['instances: 1001', '5:16: instances: should be a number of instances from 0 to 1000, is 1001'],
    ['instances: many', '5:16: instances: should be a number of instances from 0 to 1000, is "many"'],
    ['tags: { a: 1 }', '5:11: tags: should be a tag or a list of tags, is a mapping'],
    ['tags: [a, [b]]', '5:15: tags[1]: should be a tag, is a list'],
    ['ready: { within: 0s }', `5:22: ready.within: should be ${duration}, is "0s" (it must be above 0)`],
    ['ready: { every: 1 }', `5:21: ready.every: should be ${duration}, is 1 (1s or 1ms?)`],
    ['ready: { http: x, tcp: "a:1" }', '5:23: ready.tcp: stands beside http: only one of http, tcp and command'],
    ['ready: { tcp: "a:1", status: 200 }', '5:26: ready.status: is for http only'],
    ['ready: { http: /x }', '5:20: ready.http: should be an address such as "http://127.0.0.1:8081/health", is "/x"'],
    [
      'ready: { http: "https://a" }',
      '5:20: ready.http: should be an address such as "http://127.0.0.1:8081/health", is "https://a" (https is not supported yet, only http)',
    ],
    ['ready: { http: "http://a", status: ok }', `5:40: ready.status: should be ${status}, is "ok"`],
    [
      'ready: { http: "http://a", status: 300-200 }',
      `5:40: ready.status: should be ${status}, is "300-200" (statuses go from 100 up to 599)`,
    ],
    ['ready: { tcp: 80 }', '5:19: ready.tcp: should be an address and a port such as "127.0.0.1:8081", is 80'],
    [
      'ready: { tcp: "a:70000" }',
      '5:19: ready.tcp: should be an address and a port such as "127.0.0.1:8081", is "a:70000"',
    ],
    [
      'ready: { command: [] }',
      '5:23: ready.command: should be a command for the shell of the container, or a list of words, is an empty list',
    ],
    ['ready: [http]', '5:12: ready: should be a mapping, is a list'],
  ])('%s', (line, complaint) => {
    const lines = linesOf(() => resolved(aPlaybook(`    ${line}\n    container: { image: a }\n`)));

    expect(lines).toContain(`p.yml:${complaint}`);
  });

  it.each(['a', '-a', 'a/b', 'a;b', 'a b', 'é1'])('name: %s is no name of a container', (container) => {
    const lines = linesOf(() => resolved(aPlaybook().replace('shop_{{ id }}', container)));

    expect(lines).toEqual([
      `p.yml:4:11: name: should be a container name: letters, digits, "_", "." and "-", two or more, beginning with a letter or a digit, is "${container}"`,
    ]);
  });
});
