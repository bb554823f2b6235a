import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { RuntimeApi } from '../../../src/adapters/haproxy/runtime-api.ts';
import { askOver } from '../../../src/adapters/haproxy/runtime-socket.ts';
import type { Link } from '../../../src/adapters/link.ts';
import { Failure } from '../../../src/errors.ts';
import { aServer, SOCKET } from '../../support/builders.ts';

const noProcesses = {
  isMasterNamed: false,
  master: async () => undefined,
  kin: async () => [],
  runs: async () => false,
};

/** A runtime API that gives these answers, command by command; anything else it does not know. */
function apiAnswering(answers: Readonly<Record<string, string>>): { api: RuntimeApi; asked: string[] } {
  const asked: string[] = [];
  const ask = async (line: string): Promise<string> => {
    asked.push(line);
    return answers[line] ?? 'Unknown command.\n';
  };
  return { api: new RuntimeApi(ask, { host: 'fe1', socket: SOCKET }, noProcesses), asked };
}

/** What tells of a server in maintenance; `checkState`: whether it has a check. */
function inMaintenance(checkState: number): Record<string, string> {
  const header = 'be_id be_name srv_id srv_name srv_uweight srv_admin_state srv_check_state';
  return {
    'show servers state pxapp_cluster': `1\n# ${header}\n3 pxapp_cluster 1 pxApp_1 10 1 ${checkState}\n\n`,
    'show stat pxapp_cluster 6 -1':
      '# pxname,svname,status,scur,qcur\npxapp_cluster,pxApp_1,MAINT,0,0\npxapp_cluster,BACKEND,UP,0,0\n\n',
  };
}

describe('RuntimeApi', () => {
  it('takes an empty answer for success, and reads the weight back from the worker that was told', async () => {
    const set = 'set server pxapp_cluster/pxApp_1 weight 0; get weight pxapp_cluster/pxApp_1';
    const { api, asked } = apiAnswering({
      // As after a reload: this connection came to the new worker.
      'get weight pxapp_cluster/pxApp_1': '10 (initial 10)\n\n',
      [set]: '\n0 (initial 10)\n\n',
    });

    await api.setWeight(aServer(), 0);

    expect(asked.at(-1)).toBe(set);
  });

  it.each(['setWeight', 'setReadyWhenProven'] as const)(
    'asks once more whether the host is ours when %s has looked, and changes nothing when it is not',
    async (method) => {
      const { api, asked } = apiAnswering({
        'get weight pxapp_cluster/pxApp_1': '10 (initial 10)\n\n',
        ...inMaintenance(6),
      });
      const notOurs = async (): Promise<never> => {
        throw new Failure('locked', 'it is not ours any more');
      };

      const setting =
        method === 'setWeight' ? api.setWeight(aServer(), 0, notOurs) : api.setReadyWhenProven(aServer(), notOurs);

      await expect(setting).rejects.toMatchObject({ code: 'locked' });
      expect(asked.length).toBeGreaterThan(0);
      expect(asked.filter((line) => line.startsWith('set '))).toEqual([]);
    },
  );

  // prettier-ignore
  it.each([
    { admin: 'maint', bits: 1, reads: undefined },
    { admin: 'maint', bits: 0, reads: /Cannot set pxapp_cluster\/pxApp_1 to maint on fe1 .*HAProxy reads back ready/ },
    { admin: 'ready', bits: 8, reads: /HAProxy reads back drain/ },
  ] as const)('sets $admin and reads back $bits in one line', async ({ admin, bits, reads }) => {
    const states = `1\n# be_id be_name srv_id srv_name srv_admin_state\n3 pxapp_cluster 1 pxApp_1 ${bits}\n\n`;
    const set = `set server pxapp_cluster/pxApp_1 state ${admin}; show servers state pxapp_cluster`;
    const { api, asked } = apiAnswering({ [set]: `\n${states}` });

    const setting = api.setAdmin(aServer(), admin);

    if (reads) await expect(setting).rejects.toThrow(reads);
    else await setting;
    expect(asked).toEqual([set]);
  });

  it('knows of a server that is gone when its state is read back', async () => {
    const set = 'disable agent pxapp_cluster/pxApp_1; show servers state pxapp_cluster';
    const { api } = apiAnswering({ [set]: 'No such server.\n\n1\n# be_id be_name srv_id srv_name\n\n' });

    await expect(api.setAgent(aServer(), false)).rejects.toThrow('HAProxy answers "No such server."');
  });

  it.each([
    "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.",
    'Permission denied',
    'Proxy is disabled.',
  ])('fails with what HAProxy says: %s', async (answer) => {
    const { api } = apiAnswering({
      'get weight pxapp_cluster/pxApp_1': '10 (initial 10)\n\n',
      'set server pxapp_cluster/pxApp_1 weight 5; get weight pxapp_cluster/pxApp_1': `${answer}\n\n10 (initial 10)\n\n`,
    });

    await expect(api.setWeight(aServer(), 5)).rejects.toThrow(
      `Cannot "set server pxapp_cluster/pxApp_1 weight 5" on fe1 (${SOCKET}): HAProxy answers "${answer}"`,
    );
  });

  it('fails when the weight that is read back is another one', async () => {
    const { api } = apiAnswering({
      'get weight pxapp_cluster/pxApp_1': '100 (initial 100)\n\n',
      'set server pxapp_cluster/pxApp_1 weight 0; get weight pxapp_cluster/pxApp_1': '\n100 (initial 100)\n\n',
    });

    await expect(api.setWeight(aServer(), 0)).rejects.toThrow('HAProxy reads back 100');
  });

  // What HAProxy 2.6 answers, also to `add server` without an address.
  // prettier-ignore
  it.each([
    { algorithm: 'roundrobin', answer: undefined, weights: 'any' },
    { algorithm: 'leastconn',  answer: undefined, weights: 'any' },
    { algorithm: 'random(2)',  answer: undefined, weights: 'any' },
    { algorithm: 'static-rr',  answer: undefined, weights: 'fixed' },
    { algorithm: 'first',      answer: undefined, weights: 'unheeded' },
    { algorithm: 'source',     answer: 'Backend must use a dynamic load balancing to support dynamic servers.', weights: 'fixed' },
    { algorithm: 'source',     answer: "'server' expects <name> and <addr>[:<port>] as arguments.\n",           weights: 'any' },
    { algorithm: 'uri',        answer: 'Unknown command: \'add server\', but maybe one of the following ones is a better match:', weights: 'unknown' },
    { algorithm: 'hash',       answer: 'This command is restricted to experimental mode only.',                 weights: 'unknown' },
  ])('knows of balance $algorithm that weights are $weights', async ({ algorithm, answer, weights }) => {
    const { api, asked } = apiAnswering({
      'show stat b 2 -1': `# pxname,svname,algo\nb,BACKEND,${algorithm}\n\n`,
      'add server b/sluice': `${answer ?? ''}\n\n`,
    });

    expect(await api.takesWeights('b')).toBe(weights);
    expect(asked.includes('add server b/sluice')).toBe(answer !== undefined);
  });

  it('counts requests by how they ended, whatever HAProxy tried and answered in place of the server', async () => {
    // Of HAProxy 2.6: 7 answers, one of them 500; a server that closed; one that refused, with two retries; TCP mode.
    const columns = 'pxname,svname,stot,econ,eresp,status,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other';
    const rows = [
      'b,good,7,0,0,no check,0,6,0,0,1,0',
      'b,cut,1,0,1,DOWN,0,0,0,0,0,0',
      'b,refuse,3,1,0,UP,0,0,0,0,0,0',
      'b,tcp,5,1,0,UP,,,,,,',
    ];
    const stat = `# ${columns}\n${rows.join('\n')}\n\n`;
    const { api } = apiAnswering({ 'show info; show stat b 4 -1': `Name: HAProxy\nPid: 4711\n\n${stat}` });

    const counters = await api.counters('b');

    const seen = counters.map((one) => [
      ...[one.server.name, one.pid, one.isUp],
      ...[one.requests, one.serverErrors, one.connectionErrors, one.responseErrors],
    ]);
    expect(seen).toEqual([
      ['good', 4711, true, 7, 1, 0, 0],
      ['cut', 4711, false, 1, 0, 0, 1],
      ['refuse', 4711, true, 1, 0, 1, 0],
      ['tcp', 4711, true, 5, 0, 1, 0],
    ]);
  });

  it('has no counters of a backend that HAProxy does not have', async () => {
    const { api } = apiAnswering({ 'show info; show stat b 4 -1': "Pid: 4711\n\nCan't find backend.\n\n" });
    expect(await api.counters('b')).toEqual([]);
  });

  it.each(['x; shutdown frontend fe', 'a b', 'a\nset weight', "a'", 'a/b'])(
    'never lets the backend name "%s" into a command',
    async (backend) => {
      const { api, asked } = apiAnswering({});

      await expect(api.setWeight({ ...aServer(), backend }, 0)).rejects.toMatchObject({ code: 'config' });
      await expect(api.backends(backend)).rejects.toMatchObject({ code: 'config' });

      expect(asked).toEqual([]);
    },
  );

  it('asks for proof of health only where HAProxy checks: without a check it would stay DOWN for ever', async () => {
    const answersWith = (checkState: number): Record<string, string> => ({
      ...inMaintenance(checkState),
      'set server pxapp_cluster/pxApp_1 state ready; set server pxapp_cluster/pxApp_1 health down': '\n\n',
      'set server pxapp_cluster/pxApp_1 state ready': '\n',
    });

    const checked = apiAnswering(answersWith(6));
    await checked.api.setReadyWhenProven(aServer());
    const unchecked = apiAnswering(answersWith(0));
    await unchecked.api.setReadyWhenProven(aServer());

    expect(checked.asked.at(-1)).toContain('health down');
    expect(unchecked.asked.at(-1)).toBe('set server pxapp_cluster/pxApp_1 state ready');
  });
});

describe('askOver()', () => {
  it.each([
    { what: 'closed without an answer', chunks: [], why: /closed without an answer/ },
    { what: 'torn off', chunks: ['# pxname,svn'], why: /torn off/ },
  ])('fails as unreachable when the answer is $what', async ({ chunks, why }) => {
    const ask = askOver(
      linkTo(() => answering(chunks)),
      { socket: SOCKET },
    );
    await expect(ask('show info')).rejects.toMatchObject({ code: 'unreachable' });
    await expect(ask('show info')).rejects.toThrow(why);
  });

  it.each([
    {
      ...{ what: 'a frontend', code: 'haproxy', then: 'closes' as const },
      chunks: ['HTTP/1.0 400 Bad request\r\n\r\n<html><body><h1>400 Bad request</h1></body></html>\n'],
      why: 'to "show info": it speaks HTTP, and is no runtime API ("stats socket … level admin" in its section "global")',
    },
    {
      ...{ what: 'a socket in prompt mode', code: 'haproxy', then: 'stays open' as const },
      chunks: ['Name: HAProxy\n', '\n', '\n>', ' '],
      why: 'it is in prompt mode, and waits for more',
    },
    {
      ...{ what: 'a socket that hangs', code: 'late', chunks: [], then: 'stays open' as const },
      why: 'no answer within 0.05 s: it hangs, or others hold all the connections that it takes',
    },
    {
      ...{ what: 'a socket that hangs in its answer', code: 'late', then: 'stays open' as const },
      ...{ chunks: ['Name: HAProxy\n'], why: /no answer within 0.05 s$/ },
    },
    {
      ...{ what: 'one that says too much', code: 'unreachable', then: 'stays open' as const },
      ...{ chunks: Array<string>(17).fill('x'.repeat(1024 * 1024)), why: 'the answer is larger than 16777216 bytes' },
    },
  ])('says of $what what is wrong', async ({ chunks, then, code, why }) => {
    const link = linkTo(() => answering(chunks, then));
    const ask = askOver(link, { socket: SOCKET }, { withinMs: code === 'haproxy' || chunks.length < 2 ? 50 : 10_000 });

    const asking = ask('show info');

    await expect(asking).rejects.toThrow(why);
    await expect(asking).rejects.toMatchObject({ code });
  });

  it('puts an answer together from its pieces', async () => {
    const ask = askOver(
      linkTo(() => answering(['Name: HA', 'Proxy\n', '\n'])),
      { socket: SOCKET },
    );
    expect(await ask('show info')).toBe('Name: HAProxy\n\n');
  });

  it("reads a master's answer up to the empty line that ends it, since the master does not close", async () => {
    const pieces = ['# workers\n99  worker\n', '\n'];
    const ask = askOver(
      linkTo(() => answering(pieces, 'stays open')),
      { socket: SOCKET },
      { endsBy: 'empty line' },
    );
    expect(await ask('show proc')).toBe('# workers\n99  worker\n\n');
  });

  it('passes on how the connection was lost', async () => {
    const ask = askOver(
      linkTo(() => answering(new Error('SSH channel closed'))),
      { socket: SOCKET },
    );
    await expect(ask('show info')).rejects.toThrow(
      'Cannot ask HAProxy on fe1 (/var/run/haproxy.sock) to "show info": SSH channel closed',
    );
  });
});

function answering(chunks: readonly string[] | Error, then: 'closes' | 'stays open' = 'closes'): Duplex {
  return new Duplex({
    read: () => undefined,
    write(_chunk, _encoding, done) {
      done();
      if (chunks instanceof Error) this.destroy(chunks);
      else for (const chunk of [...chunks, ...(then === 'closes' ? [null] : [])]) this.push(chunk);
    },
  });
}

function linkTo(open: () => Duplex): Link {
  const unused = (): never => {
    throw new Error('not used here');
  };
  return { host: 'fe1', run: unused, start: unused, openTcp: unused, close: unused, openSocket: async () => open() };
}
