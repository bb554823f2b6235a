import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { afterEach, describe, expect, it } from 'vitest';
import type { SshAddress } from '../../../src/adapters/ssh/address.ts';
import { dial } from '../../../src/adapters/ssh/dial.ts';
import { KeyFiles, type AskSecret } from '../../../src/adapters/ssh/key-files.ts';
import type { Session } from '../../../src/adapters/ssh/session.ts';
import { newKey } from '../../support/ssh-server.ts';
import { failureOf, server, useSshServer } from './harness.ts';

useSshServer();

const sessions: Session[] = [];
let agent: ChildProcess | undefined;

afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.end()));
  agent?.kill();
  agent = undefined;
});

async function login(changes: Partial<SshAddress>, keyFiles = new KeyFiles(undefined)): Promise<Session> {
  const session = await dial(server.address(changes), { keyFiles, gate: pLimit(8), connect: undefined });
  sessions.push(session);
  return session;
}

/** Answers with these in turn, and keeps the questions. */
function answering(...answers: readonly (string | undefined)[]): { readonly ask: AskSecret; readonly asked: string[] } {
  const asked: string[] = [];
  const left = [...answers];
  const ask: AskSecret = async (question, judge) => {
    asked.push(question);
    return judge(left.shift());
  };
  return { ask, asked };
}

function inFolder(name: string): string {
  return join(server.folder, name);
}

/** The server's user key with a passphrase, in OpenSSH's format or the older one of OpenSSL. */
async function lockedKey(name: string, format: 'RFC4716' | 'PEM' = 'RFC4716'): Promise<string> {
  const file = inFolder(name);
  execFileSync('ssh-keygen', [
    '-q',
    '-t',
    format === 'PEM' ? 'ecdsa' : 'ed25519',
    '-N',
    'secret',
    '-m',
    format,
    '-f',
    file,
  ]);
  server.allow(await readFile(`${file}.pub`, 'utf8'));
  await rm(`${file}.pub`);
  return file;
}

/** A real ssh-agent that holds these keys. */
async function agentWith(...files: readonly string[]): Promise<string> {
  const socket = inFolder('agent');
  agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  if (agent.stdout) await once(agent.stdout, 'data');
  const env = { ...process.env, SSH_AUTH_SOCK: socket };
  for (const file of files) execFileSync('ssh-add', ['-q', file], { env, stdio: 'ignore' });
  return socket;
}

describe('a key with a passphrase', () => {
  it.each(['RFC4716', 'PEM'] as const)('is asked for, once for all hosts (%s)', async (format) => {
    const file = await lockedKey('locked', format);
    const { ask, asked } = answering('secret');
    const keyFiles = new KeyFiles(ask);

    await Promise.all([login({ identityFiles: [file] }, keyFiles), login({ identityFiles: [file] }, keyFiles)]);
    await login({ identityFiles: [file] }, keyFiles);

    expect(asked).toEqual([`Passphrase of ${file}:`]);
  });

  it('is asked for again when the passphrase is wrong, three times at the most', async () => {
    const file = await lockedKey('locked');
    const twice = answering('wrong', 'secret');
    await login({ identityFiles: [file] }, new KeyFiles(twice.ask));
    const never = answering('a', 'b', 'c', 'secret');

    const failure = await failureOf(login({ identityFiles: [file] }, new KeyFiles(never.ask)));

    expect(twice.asked[1]).toBe(`That is not it. Passphrase of ${file}:`);
    expect(never.asked.length).toBe(3);
    expect(failure.message).toMatch(`no key to log in with: ${file} (has another passphrase)`);
  });

  it('is not asked for while another key will do, nor when the host does not take it', async () => {
    const file = inFolder('other');
    await writeFile(file, newKey('secret').private);
    const { ask, asked } = answering('secret');

    await login({ identityFiles: [file, inFolder('id')] }, new KeyFiles(ask));
    await failureOf(login({ identityFiles: [file] }, new KeyFiles(ask)));

    expect(asked).toEqual([]);
  });

  it('cannot be asked for without a terminal', async () => {
    const file = await lockedKey('locked');

    const failure = await failureOf(login({ identityFiles: [file] }));

    expect(failure.message).toMatch(
      `${file} (has a passphrase, and there is no terminal to ask for it: add it to ssh-agent with ssh-add)`,
    );
  });
});

describe('ssh-agent', () => {
  it('is asked to sign, with whatever key the host takes', async () => {
    await chmod(inFolder('id'), 0o600);
    const agentSocket = await agentWith(inFolder('id'));

    const session = await login({ identityFiles: [], agentSocket });

    expect(session.login.key).toMatch(/^ssh-agent \(.*\) SHA256:/);
  });

  it.each(['rsa', 'ecdsa'])('signs with a key of type %s', async (type) => {
    const file = inFolder('typed');
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file]);
    server.allow(await readFile(`${file}.pub`, 'utf8'));
    const agentSocket = await agentWith(file);

    await login({ identityFiles: [], agentSocket });
    await login({ identityFiles: [file] });
  });

  it('has the other half of a public key that is named, and of one with a passphrase', async () => {
    await chmod(inFolder('id'), 0o600);
    const agentSocket = await agentWith(inFolder('id'));
    await writeFile(inFolder('named.pub'), server.userKey.public);
    const { ask, asked } = answering();

    const session = await login({ identityFiles: [inFolder('named')], agentSocket }, new KeyFiles(ask));

    expect(session.login.key).toMatch(`${inFolder('named')} (in ssh-agent) SHA256:`);
    expect(asked).toEqual([]);
  });

  it('gives only the keys that are named, with IdentitiesOnly', async () => {
    await chmod(inFolder('id'), 0o600);
    const agentSocket = await agentWith(inFolder('id'));

    const failure = await failureOf(login({ identityFiles: [], identitiesOnly: true, agentSocket }));

    expect(failure.message).toMatch('no key to log in with: those keys of ssh-agent that are named (IdentitiesOnly)');
  });

  it('that is not there is told', async () => {
    const agentSocket = inFolder('none');

    const failure = await failureOf(login({ identityFiles: [], agentSocket }));

    expect(failure.message).toMatch(`no ssh-agent (${agentSocket}: connect ENOENT ${agentSocket})`);
  });

  it('that holds a certificate is told of it, and so is one beside a key', async () => {
    const [ca, key] = [inFolder('ca'), inFolder('certified')];
    for (const file of [ca, key]) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
    execFileSync('ssh-keygen', ['-q', '-s', ca, '-I', 'me', '-n', 'root', `${key}.pub`], { stdio: 'ignore' });
    const agentSocket = await agentWith(key);

    const failure = await failureOf(login({ identityFiles: [key], agentSocket }));

    expect(failure.message).toMatch(
      '1 of ssh-agent; 1 more of ssh-agent are certificates or security keys, which only --transport openssh can use, ' +
        `not the certificate ${key}-cert.pub, which only --transport openssh can use`,
    );
  });
});
