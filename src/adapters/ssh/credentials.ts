import { readFile } from 'node:fs/promises';
import ssh2, { type AnyAuthMethod } from 'ssh2';
import { reasonOf } from '../../errors.ts';
import type { SshAddress } from './address.ts';

/** What can be shown to a host to be let in. */
export interface Credentials {
  /** In the order in which to try them. */
  readonly methods: readonly AnyAuthMethod[];
  /** What was tried and what could not be, for the message when none is accepted. */
  readonly notes: readonly string[];
}

/**
 * The private key files that exist, then the agent of `SSH_AUTH_SOCK`. Files come first because they were named for
 * this host: a server hangs up after some keys (`MaxAuthTries`), and an agent may hold many.
 */
export async function credentialsFor({ user, privateKeyFiles }: SshAddress): Promise<Credentials> {
  const methods: AnyAuthMethod[] = [];
  const notes: string[] = [];
  for (const file of privateKeyFiles) {
    const key = await privateKeyIn(file);
    notes.push(typeof key === 'string' ? `${file} ${key}` : file);
    if (typeof key !== 'string') methods.push({ type: 'publickey', username: user, key });
  }
  const agent = process.env['SSH_AUTH_SOCK'];
  if (agent !== undefined && agent !== '') {
    methods.push({ type: 'agent', username: user, agent });
    notes.push('the keys of ssh-agent');
  } else {
    notes.push('no ssh-agent (SSH_AUTH_SOCK is not set)');
  }
  return { methods, notes };
}

/** The key, or in words why it cannot be used. */
async function privateKeyIn(file: string): Promise<ssh2.ParsedKey | string> {
  let text: Buffer;
  try {
    text = await readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' ? '(does not exist)' : `(cannot be read: ${reasonOf(error)})`;
  }
  // The typings say one key, but ssh2 gives an array for some formats; and an error is returned, not thrown.
  const parsed: ssh2.ParsedKey | ssh2.ParsedKey[] | Error = ssh2.utils.parseKey(text);
  if (parsed instanceof Error) {
    return /passphrase|encrypted/i.test(parsed.message)
      ? '(has a passphrase: add it to ssh-agent with ssh-add)'
      : `(is no private key that can be used: ${parsed.message})`;
  }
  const key = Array.isArray(parsed) ? (parsed as ssh2.ParsedKey[])[0] : parsed;
  return key?.isPrivateKey() === true ? key : '(is no private key)';
}
