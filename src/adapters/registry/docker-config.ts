/** `~/.docker/config.json`. @see https://docs.docker.com/reference/cli/docker/login/ */
import { readFileSync } from 'node:fs';
import { Failure, isRefusal, reasonOf } from '../../errors.ts';
import { NoJson, parseJson } from '../json.ts';
import type { Login } from '../login.ts';

export interface DockerConfig {
  readonly file: string;
  readonly auths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Names of programs: `docker-credential-NAME`. */
  readonly credHelpers: Readonly<Record<string, string>>;
  readonly credsStore: string | undefined;
}

/** @throws Failure `config` when the file is there but cannot be understood */
export function readDockerConfig(file: string): DockerConfig {
  try {
    const value = parseJson(readFileSync(file, 'utf8'));
    if (!isRecord(value)) throw new Error('it should be an object');
    const { credsStore } = value;
    return {
      file,
      auths: recordOf(value['auths'], isRecord),
      credHelpers: recordOf(value['credHelpers'], (name) => typeof name === 'string'),
      credsStore: typeof credsStore === 'string' && credsStore !== '' ? credsStore : undefined,
    };
  } catch (error) {
    if (isRefusal(error, 'ENOENT')) return { file, auths: {}, credHelpers: {}, credsStore: undefined };
    const [place, why] =
      error instanceof NoJson ? [`${file}:${error.line}:${error.column}`, 'it is no JSON'] : [file, reasonOf(error)];
    throw new Failure('config', `Cannot read the registry logins in ${place}: ${why}`, { cause: error });
  }
}

/** @throws Failure `config` when there is a login for the registry that cannot be understood */
export function loginIn({ auths, file }: DockerConfig, registry: string): Login | undefined {
  const [, entry] = Object.entries(auths).find(([server]) => registryOf(server) === registry) ?? [];
  if (!entry) return undefined;
  const { identitytoken, username, password, auth } = entry;
  if (typeof identitytoken === 'string' && identitytoken !== '') return { identityToken: identitytoken };
  if (typeof username === 'string' && typeof password === 'string') return { username, password };
  // As `docker logout` and a credential store leave it.
  if (auth === undefined || auth === '') return undefined;
  const [, name, secret] =
    /^([^:]*):(.*?)\0*$/s.exec(Buffer.from(typeof auth === 'string' ? auth : '', 'base64').toString('utf8')) ?? [];
  if (name !== undefined && secret !== undefined) return { username: name, password: secret };
  throw new Failure(
    'config',
    `Cannot read the login for ${registry} in ${file}: its "auth" is not user:password in base64`,
  );
}

/** `https://registry.example:5000/v2/` and the like → `registry.example:5000`. */
function registryOf(server: string): string {
  const [host = ''] = server.replace(/^https?:\/\//, '').split('/', 1);
  return ['index.docker.io', 'registry-1.docker.io'].includes(host) ? 'docker.io' : host;
}

function recordOf<T>(value: unknown, isIt: (item: unknown) => item is T): Readonly<Record<string, T>> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, T] => isIt(entry[1])));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
