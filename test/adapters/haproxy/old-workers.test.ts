import { describe, expect, it } from 'vitest';
import { oldWorkersOf } from '../../../src/adapters/haproxy/old-workers.ts';
import type { Processes } from '../../../src/adapters/haproxy/processes.ts';
import { Failure } from '../../../src/errors.ts';
import { aServer } from '../../support/builders.ts';

const MASTER = `#<PID>          <type>          <reloads>       <uptime>        <version>      
5846            master          1 [failed: 0]   0d00h00m05s     2.6.12-1+deb12u4
# workers
6401            worker          0               0d00h00m02s     2.6.12-1+deb12u4
# old workers
5888            worker          1               0d00h00m04s     2.6.12-1+deb12u4
# programs

`;

/** What a worker has, with one frontend and two servers. */
function stat(clients: number, first: string, second = 'pxapp_cluster,pxApp_2,0,0,127.0.0.1:8082'): string {
  return `# pxname,svname,qcur,scur,addr\nhttp,FRONTEND,,${clients},\n${first}\n${second}\n\n`;
}

const OWN = (current: number, queued = 0): string => `pxapp_cluster,pxApp_1,${queued},${current},127.0.0.1:8081`;

function processes(over: Partial<Processes> = {}, oldStat = stat(0, OWN(0)), proc = MASTER): Processes {
  const answers: Readonly<Record<string, string>> = { 'show proc': proc, '@!5888 show stat -1 5 -1': oldStat };
  return {
    isMasterNamed: false,
    master: async () => async (line) => answers[line] ?? `Can't find the target PID matching the prefix\n\n`,
    kin: async () => [4711],
    runs: async () => true,
    ...over,
  };
}

const wanted = { server: aServer('pxApp_1'), pid: 6401, addressOf: async () => '127.0.0.1:8081' };

describe('oldWorkersOf()', () => {
  it.each([
    { what: 'nothing at all', answer: stat(0, OWN(0)), current: 0 },
    { what: 'requests in hand and queued', answer: stat(3, OWN(2, 1)), current: 3 },
    {
      what: "only other servers' sessions",
      answer: stat(2, OWN(0), 'pxapp_cluster,pxApp_2,0,2,127.0.0.1:8082'),
      current: 0,
    },
    { what: 'a client that has not been given a server yet', answer: stat(1, OWN(0)), current: 1 },
    {
      what: 'a request at the server under the name it had',
      answer: stat(1, 'pxapp_cluster,web_1,0,1,127.0.0.1:8081'),
      current: 1,
    },
    { what: 'no such server', answer: stat(0, 'pxapp_cluster,web_9,0,0,127.0.0.1:9999'), current: 0 },
  ])('counts $what', async ({ answer, current }) => {
    expect(await oldWorkersOf(processes({}, answer), wanted)).toEqual([{ pid: 5888, current }]);
  });

  it.each([
    {
      version: '2.4',
      proc: MASTER.replace('<reloads>', '<relative PID> <reloads>').replace(/worker {10}(\d)/g, 'worker  1  $1'),
    },
    { version: '3.2', proc: MASTER.replace('# programs\n', '') },
  ])('reads the list of $version', async ({ proc }) => {
    expect(await oldWorkersOf(processes({}, undefined, proc), wanted)).toEqual([{ pid: 5888, current: 0 }]);
  });

  it.each([
    { what: 'nothing of what it has stopped listening for', answer: '# pxname,svname,qcur,scur,addr\n\n' },
    { what: 'only servers', answer: `# pxname,svname,qcur,scur,addr\n${OWN(1)}\n\n` },
  ])('cannot count what a worker has that shows $what, as one of 2.4 does', async ({ answer }) => {
    expect(await oldWorkersOf(processes({}, answer), wanted)).toEqual([{ pid: 5888, current: undefined }]);
  });

  it('leaves out a worker that has ended since it was listed', async () => {
    expect(await oldWorkersOf(processes({}, "Can't find the target PID\n\n"), wanted)).toEqual([]);
  });

  it.each([
    { why: 'there is no master', over: { master: async () => undefined } },
    { why: "the master is another HAProxy's", over: {}, proc: '5846  master  0\n# workers\n99  worker  0\n' },
    {
      why: 'a master that is where one is by custom does not answer',
      over: {
        master: async () => async () => {
          throw new Failure('refused', 'nothing listens');
        },
      },
    },
  ])('sees only their processes when $why', async ({ over, proc }) => {
    expect(await oldWorkersOf(processes(over, undefined, proc), wanted)).toEqual([{ pid: 4711, current: undefined }]);
  });

  it('does not make do with less when the master was named', async () => {
    const master: Processes['master'] = async () => async () => {
      throw new Failure('refused', 'nothing listens');
    };
    await expect(oldWorkersOf(processes({ master, isMasterNamed: true }), wanted)).rejects.toThrow('nothing listens');
  });

  it('does not know when the processes cannot be seen', async () => {
    const over = { master: async () => undefined, kin: async () => undefined };
    expect(await oldWorkersOf(processes(over), wanted)).toBeUndefined();
  });
});
