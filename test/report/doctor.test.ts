import { describe, expect, it } from 'vitest';
import { socketText, type FoundSocket } from '../../src/report/doctor.ts';

const found: FoundSocket = {
  ...{ socket: '/run/a.sock', container: undefined, kind: 'stats', version: '2.6.12', level: 'admin' },
  ...{ workers: undefined, pid: 10, from: '/etc/h.cfg:3', isUsed: false, problem: undefined },
};

describe('socketText()', () => {
  it.each([
    { of: {}, text: '/run/a.sock, 2.6.12, level admin, by /etc/h.cfg:3 of process 10' },
    { of: { isUsed: true }, text: '/run/a.sock, 2.6.12, level admin, by /etc/h.cfg:3 of process 10, used' },
    {
      of: { container: 'lb', kind: 'master', workers: 2, from: '-S' } as const,
      text: 'lb:/run/a.sock, the master of 2 workers, 2.6.12, level admin, by -S of process 10',
    },
    {
      of: { version: undefined, problem: 'Cannot open it: so' },
      text: '/run/a.sock, level admin, by /etc/h.cfg:3 of process 10, Cannot open it: so',
    },
  ])('is "$text"', ({ of, text }) => {
    expect(socketText({ ...found, ...of })).toBe(text);
  });
});
