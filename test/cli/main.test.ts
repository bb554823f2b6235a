import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, commandLine, folderWith } from '../support/command-line.ts';

const files = {
  // Nothing listens on port 1.
  'hosts.ini':
    'fe1 ansible_host=127.0.0.1 ansible_port=1\nfe2 ansible_host=127.0.0.1 ansible_port=1\n' +
    '[all:vars]\nansible_ssh_private_key_file=nosuch\nansible_ssh_common_args="-F none"\n',
  'broken.ini': '[fe\nfe1\n',
  'broken.yml': '- name: x\n  hosts: [a\n',
  'mistakes.yml':
    '- name: x\n  hosts: all\n  serail: 1\n  balancer: { backend: b }\n  drain: { timeout: soon }\n' +
    '  apps:\n    - name: app\n      container: { image: [1] }\n',
  'fine.yml':
    '- name: x\n  hosts: all\n  balancer: { backend: b }\n  apps:\n    - name: app\n' +
    '      container: { image: registry.lab/a:1 }\n      ready: { http: http://127.0.0.1/ }\n',
};

let cwd = '';
beforeAll(() => {
  build();
  cwd = folderWith(files);
});
afterAll(() => {
  rmSync(cwd, { recursive: true });
});

describe.concurrent('sluice', () => {
  it('shows its commands and exit codes on stdout with --help', async () => {
    const { status, stdout, stderr } = await commandLine(['--help']);

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const word of ['rollout', 'plan', 'drain', 'restore', 'recover', 'status', 'Exit codes:'])
      expect(stdout).toContain(word);
  });

  it('says which version it is', async () => {
    const ended = await commandLine(['--version'], { cwd });

    expect(ended).toEqual({ status: 0, stdout: '0.1.0\n', stderr: '' });
  });

  // prettier-ignore
  it.each<{ why: string; args: string[]; says: RegExp }>([
    { why: 'no command',             args: [],                                            says: /^Cannot read the command line: Say what to do: rollout, plan,/ },
    { why: 'an unknown command',     args: ['rolout', 'p.yml'],                           says: /^Cannot read .*Did you mean rollout\?/ },
    { why: 'an unknown option',      args: ['status', '-i', 'hosts.ini', '--frobnicate'], says: /^Cannot read .*frobnicate/ },
    { why: 'no inventory',           args: ['status'],                                    says: /^Cannot tell which hosts there are/ },
    { why: 'an inventory not there', args: ['status', '-i', 'nosuch.ini'],                says: /^nosuch\.ini:1:1: cannot be read: there is no such file/ },
    { why: 'a playbook not there',   args: ['plan', 'nosuch.yml', '-i', 'hosts.ini'],     says: /^Cannot read nosuch\.yml: there is no such file$/ },
    { why: 'a host not there',       args: ['status', 'fe9', '-i', 'hosts.ini'],          says: /^Cannot select hosts: "fe9" matches no host/ },
    { why: 'a limit to none',        args: ['status', '-i', 'hosts.ini', '-l', 'fe9'],    says: /"fe9" matches no host/ },
    { why: 'nobody to ask',          args: ['rollout', 'fine.yml', '-i', 'hosts.ini'],    says: /^Cannot ask "Go on\?" without a terminal: say --yes/ },
  ])('ends with 5 and one line on stderr for $why', async ({ args, says }) => {
    const { status, stdout, stderr } = await commandLine(args, { cwd });

    expect({ status, stdout }).toEqual({ status: 5, stdout: '' });
    expect(stderr.trimEnd()).toMatch(says);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('names every mistake of a playbook at once, each with its file, line and column', async () => {
    const { status, stdout, stderr } = await commandLine(['plan', 'mistakes.yml', '-i', 'hosts.ini'], { cwd });

    expect({ status, stdout }).toEqual({ status: 5, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toEqual([
      'mistakes.yml:3:3: serail: is no known key (did you mean "serial"?)',
      expect.stringMatching(/^mistakes\.yml:5:21: drain\.timeout: should be a duration/),
      expect.stringMatching(/^mistakes\.yml:8:27: container\.image: should be an image/),
    ]);
  });

  // prettier-ignore
  it.each([
    { what: 'a playbook',   args: ['plan', 'broken.yml', '-i', 'hosts.ini'], says: /^broken\.yml:\d+:\d+: / },
    { what: 'an inventory', args: ['status', '-i', 'broken.ini'],            says: /^broken\.ini:1:\d+: / },
  ])('ends with 5 and the place where the syntax of $what breaks', async ({ args, says }) => {
    const { status, stderr } = await commandLine(args, { cwd });

    expect(status).toBe(5);
    expect(stderr).toMatch(says);
  });

  it('ends with 4 when no host can be reached, and tells of each on stdout', async () => {
    const { status, stdout } = await commandLine(['status', '-i', 'hosts.ini'], { cwd });

    expect(status).toBe(4);
    expect(stdout).toMatch(/^Cannot reach fe1 .*\nCannot reach fe2 .*\n$/);
  });

  it('writes nothing but events, one on a line, with --json', async () => {
    const { status, stdout, stderr } = await commandLine(['plan', 'fine.yml', '-i', 'hosts.ini', '--json'], { cwd });

    expect(status).toBe(4);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ type }) => type)).toEqual(['run-started', 'problem', 'problem', 'run-failed']);
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(events[0]).toMatchObject({ schema: 1, command: 'plan', hosts: ['fe1', 'fe2'], version: '0.1.0' });
    const reason = 'Cannot start: there are 2 problems (above); nothing was touched';
    expect(events[3]).toMatchObject({ code: 'unreachable', reason, exitStatus: 4 });
    expect(stderr).toBe(`${reason}\n`);
  });

  it('writes one survey on a line for status --json', async () => {
    const { stdout } = await commandLine(['status', '-i', 'hosts.ini', '--json'], { cwd });

    const surveys = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(surveys).toEqual(
      ['fe1', 'fe2'].map((host) => ({
        ...{ schema: 1, type: 'host-status', host, engine: '', balancer: '', rows: [], record: [], pushes: [] },
        failures: [expect.stringContaining(`Cannot reach ${host}`) as unknown],
      })),
    );
  });

  // prettier-ignore
  it.each<{ env: Record<string, string>; isColoured: boolean }>([
    { env: {},                                   isColoured: false },
    { env: { FORCE_COLOR: '1' },                 isColoured: true },
    { env: { FORCE_COLOR: '1', NO_COLOR: '1' },  isColoured: false },
    { env: { FORCE_COLOR: '1', NO_COLOR: '' },   isColoured: true },
    { env: { FORCE_COLOR: '0' },                 isColoured: false },
  ])('is coloured: $isColoured, in a pipe with $env', async ({ env, isColoured }) => {
    const { stdout } = await commandLine(['status', '-i', 'hosts.ini'], { cwd, env });

    expect(stdout.includes('\u001b[')).toBe(isColoured);
  });

  // prettier-ignore
  it.each<{ args: string[]; broken: ('stdout' | 'stderr')[]; status: number }>([
    { args: ['--help'],                                          broken: ['stdout'],           status: 0 },
    { args: ['status', '-i', 'hosts.ini'],                       broken: ['stdout'],           status: 4 },
    { args: ['plan', 'fine.yml', '-i', 'hosts.ini', '--json'],   broken: ['stdout'],           status: 4 },
    { args: ['plan', 'fine.yml', '-i', 'hosts.ini'],             broken: ['stderr'],           status: 4 },
    { args: ['plan', 'fine.yml', '-i', 'hosts.ini'],             broken: ['stdout', 'stderr'], status: 4 },
    { args: ['nosuch'],                                          broken: ['stderr'],           status: 5 },
  ])('goes on to status $status although nobody reads $broken of $args', async ({ args, broken, status }) => {
    const ended = await commandLine(args, { cwd, broken });

    expect(ended.status).toBe(status);
    expect(ended.stderr).not.toContain('EPIPE');
  });

  it('stops as by a signal, and ends with 250, when something goes wrong outside of any step', async () => {
    // It takes connections, and says nothing.
    const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const folder = folderWith({
      ...files,
      'hosts.ini': files['hosts.ini'].replaceAll('ansible_port=1', `ansible_port=${port}`),
      'breaks.cjs': `const { Socket } = require('node:net');
        const { connect } = Socket.prototype;
        Socket.prototype.connect = function (...args) {
          setTimeout(() => { throw new Error('in a timer'); }, 10);
          return connect.apply(this, args);
        };`,
    });
    try {
      const env = { NODE_OPTIONS: `--require ${join(folder, 'breaks.cjs')}` };
      const ended = await commandLine(['plan', 'fine.yml', '-i', 'hosts.ini', '-T', '1'], { cwd: folder, env });

      expect(ended.status).toBe(250);
      expect(ended.stderr).toMatch(/^This is a bug in sluice, please report it: Error: in a timer\n +at /m);
      expect(ended.stderr).toMatch(/^Stopped by a bug$/m);
      // Each of the two connections has it thrown, and once is enough.
      const said = 'a bug in sluice: finishing the instances in work, then stopping (Ctrl-C: put back now)';
      expect(ended.stderr.split(said)).toHaveLength(2);
    } finally {
      silent.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('ends with 250, a stack and a plea for a report when something unforeseen happens', async () => {
    const installed = folderWith({ 'package.json': 'not JSON' });
    try {
      mkdirSync(join(installed, 'bin'));
      for (const path of ['bin/sluice', 'dist/sluice']) cpSync(path, join(installed, path), { recursive: true });
      writeFileSync(join(installed, 'dist/package.json'), '{ "type": "module" }');
      writeFileSync(join(installed, 'bin/package.json'), '{ "type": "module" }');
      symlinkSync(resolve('node_modules'), join(installed, 'node_modules'));

      const ended = await commandLine(['--version'], { cwd, program: join(installed, 'bin/sluice') });

      expect(ended.status).toBe(250);
      expect(ended.stdout).toBe('');
      expect(ended.stderr).toMatch(/^This is a bug in sluice, please report it: SyntaxError: .*\n +at /);
    } finally {
      rmSync(installed, { recursive: true });
    }
  });
});
