import pLimit from 'p-limit';
import { afterEach, beforeEach } from 'vitest';
import type { SshAddress } from '../../../src/adapters/ssh/address.ts';
import { SshLink } from '../../../src/adapters/ssh/connection.ts';
import { dial } from '../../../src/adapters/ssh/dial.ts';
import { KeyFiles } from '../../../src/adapters/ssh/key-files.ts';
import { logIn } from '../../../src/adapters/ssh/openssh/login.ts';
import type { Session } from '../../../src/adapters/ssh/session.ts';
import { Failure } from '../../../src/errors.ts';
import type { Transport } from '../../../src/rollout/ssh-request.ts';
import { TestSshServer } from '../../support/ssh-server.ts';

/** Each test's own server. */
export let server: TestSshServer;
/** How messages name it. */
export let place: string;
/** Who connects. */
let transport: Transport;
const links: SshLink[] = [];

export const transports: readonly Transport[] = ['ssh2', 'openssh'];

/** Starts a server before each test of the file, and ends it and all links afterwards. */
export function useSshServer(by: Transport = 'ssh2'): void {
  beforeEach(async () => {
    transport = by;
    server = await TestSshServer.start();
    place = `fe1 (root@127.0.0.1:${server.port})`;
  });

  afterEach(async () => {
    await Promise.all(links.splice(0).map((link) => link.close()));
    await server.stop();
  });
}

export function linkTo(changes: Partial<SshAddress> = {}, become = false): SshLink {
  const link = new SshLink('fe1', () => session(server.address(changes)), become);
  links.push(link);
  return link;
}

function session(address: SshAddress): Promise<Session> {
  const gate = pLimit(8);
  if (transport === 'ssh2') return dial(address, { keyFiles: new KeyFiles(undefined), gate, connect: undefined });
  const words = wordsFor(address);
  const how = { words, environment: process.env, gate, proxyCommand: undefined };
  return logIn({ ...address, openssh: words }, how);
}

/** As the configuration would tell it to ssh. */
function wordsFor(address: SshAddress): readonly string[] {
  const { identityFiles, knownHostsFiles, hostKeyAlias, hashKnownHosts, user, port } = address;
  const options = [
    ...(identityFiles.length === 0 ? ['IdentityFile=none'] : identityFiles.map((file) => `IdentityFile=${file}`)),
    ...['IdentityAgent=none', `UserKnownHostsFile=${knownHostsFiles.join(' ')}`, 'GlobalKnownHostsFile=none'],
    ...(hostKeyAlias === undefined ? [] : [`HostKeyAlias=${hostKeyAlias}`]),
    ...[`HashKnownHosts=${hashKnownHosts ? 'yes' : 'no'}`, `User=${user}`, `Port=${port}`],
  ];
  return ['-F', 'none', ...options.flatMap((option) => ['-o', option]), '--', address.address];
}

export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Failure)) throw new Error('was expected to fail with a Failure', { cause: error });
  return error;
}
