/** Credential helpers. @see https://github.com/docker/docker-credential-helpers#development */
import { execFile } from 'node:child_process';
import { Failure, reasonOf } from '../../errors.ts';
import type { Login } from '../login.ts';

const WITHIN_MS = 30_000;

interface Asked {
  /** `pass` is `docker-credential-pass`. */
  readonly name: string;
  readonly server: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

interface Answer {
  readonly Username?: unknown;
  readonly Secret?: unknown;
}

/** @throws Failure `config` when the helper does not work; undefined when it has no login for the server */
export async function askHelper({ name, server, environment }: Asked): Promise<Login | undefined> {
  const program = `docker-credential-${name}`;
  const fail = (why: string, cause?: unknown): Failure =>
    new Failure('config', `Cannot ask ${program} for the login of ${server}: ${why}`, { cause });
  if (!/^[\w.-]+$/.test(name)) throw fail('that is no name of a program');
  const { stdout, error } = await answered(program, server, environment);
  if (error) {
    // The protocol has no other sign for it than these words, on stdout.
    if (/credentials not found/i.test(stdout)) return undefined;
    throw fail(error.code === 'ENOENT' ? 'there is no such program' : said(stdout) || reasonOf(error), error);
  }
  const { Username: username, Secret: secret } = parsed(stdout);
  if (typeof username !== 'string' || typeof secret !== 'string') throw fail('its answer has no Username and Secret');
  return username === '<token>' ? { identityToken: secret } : { username, password: secret };
}

/** What is an answer has the secret in it, whatever the exit status. */
function said(stdout: string): string {
  return Object.keys(parsed(stdout)).length > 0 ? '' : stdout.trim();
}

type ProgramError = Error & { readonly code?: string | number | null };

async function answered(
  program: string,
  server: string,
  env: Asked['environment'],
): Promise<{ readonly stdout: string; readonly error: ProgramError | undefined }> {
  return new Promise((resolve) => {
    const child = execFile(program, ['get'], { env, timeout: WITHIN_MS }, (error, stdout) => {
      resolve({ stdout, error: error ?? undefined });
    });
    // A helper need not read all it is told.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(server);
  });
}

function parsed(text: string): Answer {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
