import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processesOver } from '../../../src/adapters/haproxy/processes.ts';
import { Failure } from '../../../src/errors.ts';
import { LocalLink } from '../../support/local-link.ts';

/** Programs whose process is called `haproxy`: one that waits, and one that has children. */
function programs(folder: string): { readonly worker: string; readonly master: string } {
  const copy = (from: string, name: string): string => {
    const to = join(folder, name, 'haproxy');
    mkdirSync(dirname(to));
    copyFileSync(from, to);
    chmodSync(to, 0o755);
    return to;
  };
  return { worker: copy('/bin/sleep', 'worker'), master: copy('/bin/sh', 'master') };
}

describe('processesOver()', () => {
  let folder: string;
  let link: LocalLink;
  const started: ChildProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-haproxy-'));
    link = new LocalLink();
  });
  afterEach(async () => {
    for (const { pid } of started.splice(0)) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    await link.close();
    rmSync(folder, { recursive: true });
  });

  /** Answers with the pids that it prints. */
  async function run(program: string, ...args: readonly string[]): Promise<number[]> {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    started.push(child);
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    const isMaster = args[0] === '-c';
    await expect.poll(() => !isMaster || said.endsWith('.\n'), { timeout: 5_000 }).toBe(true);
    return isMaster ? (said.match(/\d+/g) ?? []).map(Number) : [child.pid ?? 0];
  }

  it("finds the other workers of a worker's master, and nobody else's", async () => {
    const { worker, master } = programs(folder);
    const script = `${worker} 60 & a=$!; ${worker} 60 & b=$!; sleep 0.2; echo "$a $b."; wait`;
    const [one = 0, two = 0] = await run(master, '-c', script);
    await run(master, '-c', script);
    await run(worker, '60');

    const { kin } = processesOver(link, { socket: '/run/haproxy.sock' });

    expect(await kin(one)).toEqual([two]);
    expect(await kin(two)).toEqual([one]);
  });

  it('without a master finds those with the same arguments, but for what a reload adds', async () => {
    const { worker } = programs(folder);
    const [old = 0] = await run(worker, '60', '61');
    await run(worker, '60', '62');
    const [now = 0] = await run(worker, '60', '61');
    const { kin } = processesOver(link, { socket: '/run/haproxy.sock' });
    await expect.poll(() => kin(now)).toEqual([old]);
  });

  it('sees one run, whoever asks, until it is gone', async () => {
    const ordinary = new LocalLink({ isOrdinary: true });
    const { worker } = programs(folder);
    const [pid = 0] = await run(worker, '60');
    const { runs } = processesOver(link, { socket: '/run/haproxy.sock' });

    await expect.poll(() => runs(pid)).toBe(true);
    expect(await processesOver(ordinary, { socket: '/run/haproxy.sock' }).runs(pid)).toBe(true);
    process.kill(-pid, 'SIGKILL');
    await expect.poll(() => runs(pid)).toBe(false);
    started.length = 0;
    await ordinary.close();
  });

  it('does not take one for running that has ended and only waits for its parent to notice', async () => {
    const { worker } = programs(folder);
    // The shell becomes a sleep, which takes no notice of the child that it gets.
    const parent = spawn('sh', ['-c', `${worker} 0.05 & echo $!; exec sleep 60`], { detached: true });
    started.push(parent);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    await expect.poll(() => readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Name:\thaproxy\nState:\tZ/m);

    expect(await processesOver(link, { socket: '/run/haproxy.sock' }).runs(pid)).toBe(false);
  });

  it('does not take another process for an HAProxy, which may have got its id', async () => {
    expect(await processesOver(link, { socket: '/run/haproxy.sock' }).runs(process.pid)).toBe(false);
  });

  it('looks where the processes and the sockets of a container are', async () => {
    const proc = join(folder, 'root', 'proc');
    mkdirSync(join(proc, '8'), { recursive: true });
    writeFileSync(join(proc, '8', 'comm'), 'haproxy\n');
    writeFileSync(join(proc, '8', 'status'), 'Name:\thaproxy\nState:\tS (sleeping)\nPPid:\t1\n');
    const inside = { pathOf: async (path: string) => join(folder, 'root', path), procDir: async () => proc };
    mkdirSync(join(folder, 'root', 'run'));
    const server = createServer((client) => client.write('in there\n\n'));
    server.listen(join(folder, 'root', 'run', 'haproxy-master.sock'));
    await expect.poll(() => server.listening).toBe(true);

    const { runs, master } = processesOver(link, { socket: '/run/haproxy.sock', container: 'lb' }, inside);

    expect([await runs(8), await runs(9)]).toEqual([true, false]);
    expect(await (await master())?.('show proc')).toBe('in there\n\n');
    server.close();
  });

  it('looks from within the container where the host does not let us', async () => {
    link.openSocket = async (path) => {
      throw new Failure('refused', `Cannot open ${path} on fe1: deploy may not use it`);
    };
    const ran: string[] = [];
    const within = {
      run: async (words: readonly string[]) => {
        ran.push(words.join(' '));
        return { exitCode: 0, output: words.join(' ').includes('master.sock') ? '1\n' : '' };
      },
      openSocket: async (path: string) =>
        new Duplex({
          read: () => undefined,
          write(_chunk, _encoding, done) {
            this.push(`in there at ${path}\n\n`);
            done();
          },
        }),
      channelTo: () => 'docker exec: perl',
    };
    const inside = { pathOf: async (path: string) => `/nosuch${path}`, procDir: async () => '/nosuch/proc', within };
    const { runs, master } = processesOver(link, { socket: '/run/haproxy.sock', container: 'lb' }, inside);

    expect(await runs(8)).toBe(true);
    expect(ran.at(-1)).toContain(`/proc/8/comm`);
    expect(await (await master())?.('show proc')).toBe('in there at /run/master.sock\n\n');
  });

  it('looks for a master again after a look that failed', async () => {
    let isThere = false;
    const pathOf = async (path: string): Promise<string> => {
      if (isThere) return join(folder, path);
      throw new Error('the container is being started');
    };
    const inside = { pathOf, procDir: async () => '/proc' };
    const { master } = processesOver(link, { socket: '/run/haproxy.sock', container: 'lb' }, inside);
    await expect(master()).rejects.toThrow('being started');

    isThere = true;

    expect(await master()).toBeUndefined();
  });

  it('knows nothing of a process that is not to be seen, nor by one that has the same id', async () => {
    expect(await processesOver(link, { socket: '127.0.0.1:9999' }).kin(process.pid)).toBeUndefined();
    expect(await processesOver(link, { socket: '/run/haproxy.sock' }).kin(2 ** 22 + 1)).toBeUndefined();
  });

  it('looks for a master beside the socket, and takes one that was named for granted', async () => {
    const socket = join(folder, 'haproxy.sock');
    expect(await processesOver(link, { socket }).master()).toBeUndefined();
    const server = createServer((client) => client.write('it is me\n\n')).listen(join(folder, 'master.sock'));
    await expect.poll(() => server.listening).toBe(true);

    const found = await processesOver(link, { socket }).master();

    expect(await found?.('show proc')).toBe('it is me\n\n');
    server.close();
    const named = await processesOver(link, { socket, masterSocket: join(folder, 'none.sock') }).master();
    await expect(named?.('show proc')).rejects.toThrow('ENOENT');
  });
});
