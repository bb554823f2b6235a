/** The way to a host over its jump hosts, as OpenSSH would go it. */
import { Failure } from '../../errors.ts';
import type { SshOption, SshRequest } from '../../rollout/ssh-request.ts';
import type { SshAddress } from './address.ts';

/** One that is logged in to, and the way to it. */
export interface Route {
  readonly host: SshAddress;
  /** Undefined: from here. */
  readonly before: Route | undefined;
}

type Ask = (request: SshRequest) => Promise<SshAddress>;

/**
 * A jump host has settings of its own, found by its own name: what was said for the host does not count for it. The
 * first of several may have jump hosts in turn; for the others it is decided how they are reached.
 *
 * @throws Failure `config` when the jump hosts go round in a circle
 */
export async function routeTo(request: SshRequest, ask: Ask): Promise<Route> {
  return extended(request, { ask, chain: [], forced: undefined });
}

interface Going {
  readonly ask: Ask;
  /** How those that lead here are written, the host first. */
  readonly chain: readonly string[];
  /** The way that is prescribed so far; undefined: the settings tell. */
  readonly forced: Route | undefined;
}

async function extended(request: SshRequest, { ask, chain, forced }: Going): Promise<Route> {
  const address = await asked(request, ask, chain);
  if (forced) return behind(forced, address);
  const name = chain.length === 0 ? request.host : nameOf(request);
  if (chain.includes(name)) throw goingRound([...chain, name]);
  let route: Route | undefined;
  for (const jump of address.jumps) {
    const next = jumpRequest(jump, request);
    route = await extended(next, { ask, chain: [...chain, name], forced: route });
  }
  return behind(route, address);
}

/** The host itself is named, too, when it is a jump host that cannot be. */
async function asked(request: SshRequest, ask: Ask, chain: readonly string[]): Promise<SshAddress> {
  try {
    return await ask(request);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const [, via] = /jumphost loop via (\S+)$/.exec(error.message) ?? [];
    if (via !== undefined) throw goingRound([...chain, nameOf(request), via]);
    const [host] = chain;
    if (host === undefined) throw error;
    const message = error.message.replace(
      /^Cannot connect to [^:]+/,
      `Cannot connect to ${host} through ${request.host}`,
    );
    throw new Failure(error.code, message, { cause: error });
  }
}

function goingRound(chain: readonly string[]): Failure {
  const circle = chain.join(' → ');
  return new Failure('config', `Cannot connect to ${chain[0] ?? ''}: its jump hosts go round in a circle: ${circle}`);
}

function behind(before: Route | undefined, address: SshAddress): Route {
  if (!before) return { host: address, before };
  const jumps = [...before.host.jumps, before.host.host];
  return { host: { ...address, jumps, proxyCommand: undefined }, before };
}

function nameOf({ destination, options }: SshRequest): string {
  const value = (keyword: string): string => options.find((option) => option.keyword === keyword)?.value ?? '';
  return [value('user') && `${value('user')}@`, destination, value('port') && `:${value('port')}`].join('');
}

/** `[user@]host[:port]`, `ssh://…`, with an IPv6 address in brackets. */
function jumpRequest(written: string, { host, configFile, transport }: SshRequest): SshRequest {
  const [, user, bracketed, name = bracketed, port] =
    /^(?:ssh:\/\/)?(?:(.+)@)?(?:\[([^\]]+)\]|([^:@[\]]+))(?::(\d+))?$/.exec(written) ?? [];
  if (name === undefined || name.startsWith('-')) {
    throw new Failure('config', `Cannot connect to ${host}: its jump host "${written}" is no [user@]host[:port]`);
  }
  const options: SshOption[] = [
    ...(user === undefined ? [] : [{ keyword: 'user', value: user }]),
    ...(port === undefined ? [] : [{ keyword: 'port', value: port }]),
  ];
  return { host: written.replace(/^ssh:\/\//, ''), destination: name, options, transport, become: false, configFile };
}
