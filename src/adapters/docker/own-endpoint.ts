/** Which Docker Engine `docker` on this machine would use. @see https://docs.docker.com/engine/manage-resources/contexts/ */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Failure, isRefusal, reasonOf } from '../../errors.ts';
import { NoJson, parseJson } from '../json.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Endpoint {
  readonly address: string;
  /** As it is told: its address, and the context that names it. */
  readonly shown: string;
  /** Undefined: it is spoken to without TLS. What is undefined in it is not there. */
  readonly tls: Tls | undefined;
}

export interface Tls {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly rejectUnauthorized: boolean;
}

const DEFAULT = 'default';
const certificateFiles = { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' } as const;

/**
 * By `DOCKER_HOST`, else by the context: that of `DOCKER_CONTEXT`, else the one that `docker context use` has chosen.
 *
 * @throws Failure `config` when there is no such context, or it cannot be read
 */
export function endpointOf(environment: Environment): Endpoint {
  const address = environment['DOCKER_HOST'] ?? '';
  const folder = saidIn(environment, 'DOCKER_CONFIG') ?? join(environment['HOME'] ?? homedir(), '.docker');
  const context = address === '' ? contextIn(folder, environment) : DEFAULT;
  if (context !== DEFAULT) return inContext(context, folder);
  const isSocket = address === '' || address.startsWith('unix:');
  const isSecure = address.startsWith('https:') || (!isSocket && (environment['DOCKER_TLS_VERIFY'] ?? '') !== '');
  const certificates = saidIn(environment, 'DOCKER_CERT_PATH') ?? folder;
  return {
    address: address === '' ? 'unix:///var/run/docker.sock' : address,
    shown: address === '' ? 'unix:///var/run/docker.sock' : address,
    tls: isSecure ? { ...certificatesIn(certificates), rejectUnauthorized: true } : undefined,
  };
}

/** What is empty is not said. */
function saidIn(environment: Environment, name: string): string | undefined {
  const said = environment[name];
  return said === '' ? undefined : said;
}

function contextIn(folder: string, environment: Environment): string {
  const said = environment['DOCKER_CONTEXT'] ?? '';
  if (said !== '') return said;
  const file = join(folder, 'config.json');
  const chosen = recordOf(jsonIn(file))['currentContext'];
  return typeof chosen === 'string' && chosen !== '' ? chosen : DEFAULT;
}

function inContext(name: string, folder: string): Endpoint {
  const place = createHash('sha256').update(name).digest('hex');
  const file = join(folder, 'contexts', 'meta', place, 'meta.json');
  const cannot = (why: string): Failure => new Failure('config', `Cannot use the docker context "${name}": ${why}`);
  const meta = jsonIn(file);
  if (meta === undefined) throw cannot(`there is none of that name (no ${file})`);
  const { Host: address, SkipTLSVerify: isTrusting } = recordOf(recordOf(recordOf(meta)['Endpoints'])['docker']);
  if (typeof address !== 'string' || address === '') throw cannot(`${file} does not say where its Engine is`);
  const certificates = certificatesIn(join(folder, 'contexts', 'tls', place, 'docker'));
  const isSecure = isTrusting === true || Object.values(certificates).some((one) => one !== undefined);
  return {
    address,
    shown: `context ${name}, ${address}`,
    tls: isSecure ? { ...certificates, rejectUnauthorized: isTrusting !== true } : undefined,
  };
}

/** @throws Failure `config` when one is there that cannot be read */
function certificatesIn(folder: string): Omit<Tls, 'rejectUnauthorized'> {
  const { ca, cert, key } = certificateFiles;
  return { ca: textIn(join(folder, ca)), cert: textIn(join(folder, cert)), key: textIn(join(folder, key)) };
}

/** Undefined when there is no such file. */
function textIn(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isRefusal(error, 'ENOENT') || isRefusal(error, 'ENOTDIR')) return undefined;
    throw new Failure('config', `Cannot read ${file}: ${reasonOf(error)}`, { cause: error });
  }
}

function jsonIn(file: string): unknown {
  const text = textIn(file);
  if (text === undefined) return undefined;
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof NoJson)) throw error;
    throw new Failure('config', `Cannot read ${file}:${error.line}:${error.column}: it is no JSON`, { cause: error });
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
