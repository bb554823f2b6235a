import { describe, expect, it } from 'vitest';
import {
  parseInfo,
  parseServersState,
  parseSessions,
  parseStat,
  parseWeight,
} from '../../../src/adapters/haproxy/answers.ts';

describe('answers of the runtime API', () => {
  it('finds columns of `show stat` by their header, also after a quoted field with commas', () => {
    const rows = parseStat('# pxname,svname,last_chk,scur,\nweb,s1,"HTTP status ""503"", try, again",3,\n\n');
    expect(rows).toHaveLength(1);
    expect(rows[0]?.get('last_chk')).toBe('HTTP status "503", try, again');
    expect(rows[0]?.get('scur')).toBe('3');
  });

  it('takes an answer that is no table for an empty one', () => {
    expect(parseStat('Unknown command.\n')).toEqual([]);
    expect(parseServersState("Can't find backend.\n")).toEqual([]);
  });

  it('reads `show servers state` of whatever columns there are', () => {
    const rows = parseServersState('1\n# be_id be_name srv_id srv_name srv_uweight\n3 web 1 s1 20\n3 web 2 s2 30\n\n');
    expect(rows.map((row) => [row.get('srv_name'), row.get('srv_uweight')])).toEqual([
      ['s1', '20'],
      ['s2', '30'],
    ]);
  });

  it('reads values of `show info` that hold a colon', () => {
    expect(parseInfo('Name: HAProxy\nPid: 4711\nnode: a: b\n').get('node')).toBe('a: b');
  });

  it.each([
    { answer: '50 (initial 100)\n\n', weight: { weight: 50, initial: 100 } },
    { answer: '0 (initial 10)\n', weight: { weight: 0, initial: 10 } },
    { answer: 'No such server.\n', weight: undefined },
  ])('reads a weight from "$answer"', ({ answer, weight }) => {
    expect(parseWeight(answer)).toEqual(weight);
  });

  it.each([
    { age: '0s', seconds: 0 },
    { age: '2m5s', seconds: 125 },
    { age: '1h20m', seconds: 4800 },
    { age: '3d1h', seconds: 262_800 },
  ])('reads a session that is $age old', ({ age, seconds }) => {
    const line = `0x55d: proto=tcpv4 src=10.0.0.9:4711 fe=web be=app srv=s1 ts=00 epoch=0 age=${age} calls=3 rate=0\n`;
    expect(parseSessions(line)).toEqual([{ be: 'app', srv: 's1', source: '10.0.0.9:4711', ageSeconds: seconds }]);
  });
});
