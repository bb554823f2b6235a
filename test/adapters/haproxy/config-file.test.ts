import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigFile, type ConfigFileOptions } from '../../../src/adapters/haproxy/config-file.ts';
import { onHost } from '../../../src/adapters/haproxy/inside.ts';
import type { Processes } from '../../../src/adapters/haproxy/processes.ts';
import {
  checkOf,
  filesOf,
  masterOf,
  masterSocketOf,
  parseProcesses,
} from '../../../src/adapters/haproxy/seen-processes.ts';
import { quoted } from '../../../src/adapters/link.ts';
import { Failure } from '../../../src/errors.ts';
import { LocalLink } from '../../support/local-link.ts';

const noMaster: Processes = {
  isMasterNamed: false,
  master: async () => undefined,
  kin: async () => [],
  runs: async () => true,
};

/** What the processes of an HAProxy with a master look like, pid 7 the master and 8 its worker. */
const PROCESSES = `P 7 1 /usr/sbin/haproxy
A /usr/sbin/haproxy
A -W
A -S
A /run/haproxy-master.sock,mode,600
A -f
A FILE
A -f
A /etc/haproxy/more.cfg
P 8 7 /usr/sbin/haproxy (deleted)
A /usr/sbin/haproxy
A -sf
A 9
`;

describe('ConfigFile', () => {
  let folder: string;
  let link: LocalLink;
  let path: string;
  let ran: (readonly string[])[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-config-'));
    link = new LocalLink();
    path = join(folder, 'haproxy.cfg');
    ran = [];
    writeFileSync(path, 'old\n', { mode: 0o640 });
  });
  afterEach(async () => {
    await link.close();
    rmSync(folder, { recursive: true });
  });

  /** In the shell of the host, where this process is seen as the master. */
  function runWith(pid: number): ConfigFileOptions['run'] {
    const seen = PROCESSES.replace('P 7 1', `P ${pid} 1`).replace('P 8 7', `P 8 ${pid}`).replace('FILE', path);
    return async (words) => {
      if (words.at(-1)?.includes('/proc/[0-9]*') === true) return { exitCode: 0, output: seen };
      const { exitCode, stdout, stderr } = await link.run(words.map(quoted).join(' '));
      return { exitCode, output: `${stdout}${stderr}` };
    };
  }

  function aFile(over: Partial<ConfigFileOptions> = {}): ConfigFile {
    return new ConfigFile(link, {
      ...{ balancer: { host: 'fe1', socket: '/s' }, path, reload: undefined, inside: onHost },
      isMount: async () => false,
      ask: async () => 'Name: HAProxy\nPid: 8\n\n1\n# be_id be_name srv_id srv_name\n\n',
      processes: noMaster,
      turns: { next: async () => ':' },
      run: async (words) => {
        ran.push(words);
        const isList = words.at(-1)?.includes('/proc/[0-9]*') === true;
        return { exitCode: 0, output: isList ? PROCESSES.replace('FILE', over.path ?? path) : '' };
      },
      ...over,
    });
  }

  it('replaces it whole, with the same mode, and puts back byte by byte what was there', async () => {
    writeFileSync(path, Buffer.from([0xe9, 0x0a]));
    const file = aFile();
    const { ino } = statSync(path);

    await file.backUp();
    await file.put('new\n', 'state\n');

    expect(await file.backedUp()).toContain('\n');
    expect([await file.read(), statSync(path).mode & 0o777]).toEqual(['new\n', 0o640]);
    expect(statSync(path).ino).not.toBe(ino);
    expect(readFileSync(`${path}.sluice-state`, 'utf8')).toBe('state\n');
    await file.putBack();
    await file.tidy();
    expect([...readFileSync(path)]).toEqual([0xe9, 0x0a]);
    expect(readdirSync(folder).toSorted()).toEqual(['haproxy.cfg', 'haproxy.cfg.sluice-before']);
  });

  it('writes over a file that is mounted by itself, which keeps its inode', async () => {
    const file = aFile({ isMount: async (at) => at === path });
    const { ino } = statSync(path);

    await file.put('new\n');

    expect([readFileSync(path, 'utf8'), statSync(path).ino]).toEqual(['new\n', ino]);
    expect(readdirSync(folder)).toEqual(['haproxy.cfg']);
  });

  it('replaces what a symbolic link leads to, not the link', async () => {
    const via = join(folder, 'via.cfg');
    symlinkSync(path, via);

    await aFile({ path: via }).put('new\n');

    expect(readFileSync(path, 'utf8')).toBe('new\n');
    expect(readdirSync(folder).toSorted()).toEqual(['haproxy.cfg', 'via.cfg']);
  });

  it('is not there at first, and is then for nobody but its owner and the group of HAProxy', async () => {
    rmSync(path);
    const file = aFile();

    expect(await file.read()).toBeUndefined();
    writeFileSync(`${path}.sluice-before`, 'older\n');
    await file.backUp();
    expect(await file.backedUp()).toBeUndefined();
    await file.put('new\n');
    expect(await file.read()).toBe('new\n');
    expect([0o600, 0o640]).toContain(statSync(path).mode & 0o777);
  });

  it('has HAProxy look through a candidate, with all that it was started with, and leaves nothing behind', async () => {
    const file = aFile();

    expect(await file.refusal('new\n')).toBeUndefined();

    expect(ran.at(-1)).toEqual(['/usr/sbin/haproxy', '-c', '-f', `${path}.sluice-new`, '-f', '/etc/haproxy/more.cfg']);
    expect(readdirSync(folder)).toEqual(['haproxy.cfg']);
  });

  it('leaves the state of the servers to the passage that a push which died has left', async () => {
    const file = aFile();
    await file.put('passage\n', 'state\n');

    await file.refusal('new\n');

    expect(readFileSync(`${path}.sluice-state`, 'utf8')).toBe('state\n');
  });

  it('tells what HAProxy has against it, at the lines of the file that it is to be', async () => {
    const output = `[NOTICE]   (7) : haproxy version is 2.6.12\n[ALERT]    (7) : config : parsing [${path}.sluice-new:3] : unknown keyword 'retires' in 'defaults' section\n[ALERT]    (7) : config : Fatal errors found in configuration.\n`;
    const file = aFile({ run: async () => ({ exitCode: 1, output }) });

    expect(await file.refusal('new\n')).toBe(
      `config : parsing [${path}:3] : unknown keyword 'retires' in 'defaults' section; config : Fatal errors found in configuration.`,
    );
    expect(readdirSync(folder)).toEqual(['haproxy.cfg']);
  });

  it('refuses a file that HAProxy was not started with', async () => {
    const run = async () => ({ exitCode: 0, output: PROCESSES.replace('FILE', '/etc/haproxy/other.cfg') });

    await expect(aFile({ run }).refusal('new\n')).rejects.toThrow(
      `Cannot use it, the configuration ${path} of HAProxy on fe1: HAProxy was started with /etc/haproxy/other.cfg, /etc/haproxy/more.cfg, not with it`,
    );
  });

  it('is not touched by somebody who could not keep its owner', async () => {
    chmodSync(folder, 0o777);
    chmodSync(path, 0o644);
    const ordinary = new LocalLink({ isOrdinary: true });
    const file = new ConfigFile(ordinary, { ...optionsFor(path), isMount: async () => false });

    await expect(file.put('new\n')).rejects.toThrow('only its owner or root can keep its owner and mode');

    expect(readFileSync(path, 'utf8')).toBe('old\n');
    await ordinary.close();
  });

  it.each([
    { master: 'Success=1\n--\n[NOTICE] (7) : done\n', says: { ok: true, how: "its master's socket" } },
    {
      master: 'Success=0\n--\n[ALERT]    (7) : Binding [h:3] for frontend f: cannot bind\n',
      says: { ok: false, why: 'Binding [h:3] for frontend f: cannot bind' },
    },
    {
      master: new Failure('unreachable', 'it closed without an answer'),
      says: { ok: true, how: "its master's socket" },
    },
  ])('is loaded by its master, whichever way that answers: $says.ok', async ({ master, says }) => {
    const ask = async (line: string): Promise<string> => {
      if (line === 'show proc') return '#<PID> <type>\n7 master 0 [failed: 2] 0d 2.6\n# workers\n8 worker 0 0d 2.6\n\n';
      if (master instanceof Failure) throw master;
      return master;
    };
    const file = aFile({ processes: { ...noMaster, master: async () => ask } });

    expect(await file.reload(8)).toEqual(says);
    expect(await file.failedReloads()).toBe(2);
  });

  it('is loaded by a signal to the master, where that has no socket', async () => {
    const master = spawn('sh', ['-c', 'trap "exit 3" USR2; echo ready; while :; do sleep 0.05; done']);
    await once(master.stdout, 'data');
    const ended = once(master, 'exit');
    const run = runWith(master.pid ?? 0);
    const how = `SIGUSR2 to its master, process ${master.pid ?? 0}`;

    expect(await aFile({ run }).way()).toBe(how);
    expect(await aFile({ run }).reload(8)).toEqual({ ok: true, how });
    expect(await ended).toEqual([3, null]);
  });

  it('is loaded by a signal in its container, where it runs in one', async () => {
    const balancer = { host: 'fe1', socket: '/s', container: 'lb' };

    expect(await aFile({ balancer }).reload(8)).toEqual({ ok: true, how: 'SIGUSR2 to its master, process 7' });

    expect(ran.at(-1)).toEqual(['sh', '-c', 'kill -USR2 7']);
  });

  it('is not loaded by what comes late, when something newer was done', async () => {
    const late = { next: async () => 'echo a newer one has been written meanwhile >&2; exit 76' };
    const run = runWith(process.pid);

    expect(await aFile({ run, turns: late }).reload(8)).toEqual({
      ok: false,
      why: 'cannot send SIGUSR2: a newer one has been written meanwhile',
    });
    const why = '"touch never" ends with 76: a newer one has been written meanwhile';
    expect(await aFile({ reload: 'touch never', turns: late }).reload(8)).toEqual({ ok: false, why });
  });

  it('is loaded by the command of the playbook, and tells why that fails', async () => {
    expect(await aFile({ reload: 'true' }).reload(8)).toEqual({ ok: true, how: 'true' });
    const failing = aFile({ reload: 'echo no such unit >&2; exit 5' });
    expect(await failing.reload(8)).toEqual({
      ok: false,
      why: '"echo no such unit >&2; exit 5" ends with 5: no such unit',
    });
  });

  it('has no way to be loaded by an HAProxy without a master', async () => {
    const run = async () => ({ exitCode: 0, output: `P 8 1 /usr/sbin/haproxy\nA haproxy\nA -f\nA ${path}\n` });

    await expect(aFile({ run }).way()).rejects.toThrow(/it has no master .*say how in balancer.config.reload/);
  });

  function optionsFor(at: string): ConfigFileOptions {
    return {
      ...{ balancer: { host: 'fe1', socket: '/s' }, path: at, reload: undefined, inside: onHost, processes: noMaster },
      ...{ isMount: async () => false, ask: async () => '', run: async () => ({ exitCode: 0, output: '' }) },
      turns: { next: async () => ':' },
    };
  }
});

describe('what is seen of processes', () => {
  const seen = parseProcesses(PROCESSES);

  it('is who is whose master, with which files and which socket', () => {
    const master = masterOf(8, seen);

    expect(master?.pid).toBe(7);
    expect(master && filesOf(master)).toEqual(['FILE', '/etc/haproxy/more.cfg']);
    expect(master && masterSocketOf(master)).toBe('/run/haproxy-master.sock');
    expect(seen.find(({ pid }) => pid === 8)?.program).toBe('/usr/sbin/haproxy');
  });

  it.each([
    {
      words: ['haproxy', '-W', '-C', '/etc/haproxy', '-f', 'a.cfg'],
      is: ['haproxy', '-c', '-C', '/etc/haproxy', '-f', 'n'],
    },
    { words: ['haproxy', '-db', '--', 'b.cfg', 'a.cfg'], is: ['haproxy', '-c', '-f', 'b.cfg', '-f', 'n'] },
  ])('is how its configuration is looked through: $is', ({ words, is }) => {
    expect(checkOf({ program: undefined, words }, 'a.cfg', 'n')).toEqual(is);
  });
});
