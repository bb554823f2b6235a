import { describe, expect, it } from 'vitest';
import { askStaying } from '../../../src/adapters/haproxy/leaving-worker.ts';

const HEADER = '# pxname,svname,qcur,addr,cookie,';

/** One that is asked again and again, and gives these answers in turn; the last one for ever. */
function answering(...answers: readonly string[]): { ask: () => Promise<string>; count: () => number } {
  let asked = 0;
  const ask = async (): Promise<string> => {
    asked += 1;
    return answers[Math.min(asked, answers.length) - 1] ?? '';
  };
  return { ask, count: () => asked };
}

describe('askStaying()', () => {
  // As HAProxy 2.6.12 gave them, before and after SIGUSR1.
  // prettier-ignore
  it.each<{ what: string; leaving: string; staying: string }>([
    { what: 'a change',                leaving: 'Proxy is disabled.\n\n',                                staying: '\n' },
    { what: 'a change that is read',   leaving: 'Proxy is disabled.\n\n7 (initial 7)\n\n',               staying: '\n5 (initial 7)\n\n' },
    { what: 'two changes in one line', leaving: 'Proxy is disabled.\n\nProxy is disabled.\n\n',          staying: '\n\n' },
    { what: 'show info',               leaving: 'Pid: 7\nStopping: 1\n\n',                               staying: 'Pid: 8\nStopping: 0\n\n' },
    { what: 'show stat',               leaving: `${HEADER}\n\n`,                                         staying: `${HEADER}\nb,a,0,127.0.0.1:1,,\n\n` },
    { what: 'show stat among others',  leaving: `Pid: 7\n\n${HEADER}\n\n7 (initial 7)\n\n`,              staying: `Pid: 8\n\n${HEADER}\nb,a,0,,,\n\n7 (initial 7)\n\n` },
  ])('asks once more when a leaving worker answers $what', async ({ leaving, staying }) => {
    const { ask, count } = answering(leaving, staying);

    expect(await askStaying(ask)('a line')).toBe(staying);
    expect(count()).toBe(2);
  });

  it('takes the answer at last, which is that of a disabled backend', async () => {
    const { ask, count } = answering('Proxy is disabled.\n\n');

    expect(await askStaying(ask)('a line')).toBe('Proxy is disabled.\n\n');
    expect(count()).toBe(4);
  });

  it('asks once for anything else', async () => {
    const { ask, count } = answering('No such server.\n\n');

    expect(await askStaying(ask)('a line')).toBe('No such server.\n\n');
    expect(count()).toBe(1);
  });
});
