/** `hosts trust`: makes the SSH keys of hosts known, after a question. */
import pLimit from 'p-limit';
import type { NewKey } from '../adapters/ssh/host-keys.ts';
import { selectHosts } from '../config/inventory/patterns.ts';
import { exitStatuses, Failure } from '../errors.ts';
import { EVENT_SCHEMA } from '../rollout/events.ts';
import type { Command } from './command.ts';
import { confirm } from './confirm.ts';
import { statusOfAll } from './exit-of.ts';
import { inSession, interruptible, type CliSession } from './session.ts';
import type { Surroundings } from './surroundings.ts';

type HostsCommand = Extract<Command, { name: 'hosts' }>;

/** What came of one host. */
interface Trusted {
  readonly host: string;
  readonly state: 'known' | 'added' | 'refused' | 'failed';
  /** As `fe1 (root@192.0.2.1:22)  SHA256:… (ssh-ed25519)`, of the host and its jump hosts. */
  readonly added: readonly string[];
  readonly failure: Failure | undefined;
}

export async function trustHosts(command: HostsCommand, around: Surroundings): Promise<number> {
  // Whatever is configured: this is about those that are not known.
  const strict: HostsCommand = { ...command, connection: { ...command.connection, hostKeyChecking: 'yes' } };
  return inSession(strict, around, async ({ inventory, prepare, fleet, print }) => {
    const hosts = selectHosts(inventory, command.pattern, command.limit);
    await prepare(hosts);
    const [limit, questions] = [pLimit(command.forks), pLimit(1)];
    const answers = new Map<string, boolean>();
    const ask = (key: NewKey): Promise<boolean> =>
      questions(async () => {
        // A jump host of several hosts is asked about once.
        const words = keyWords(key);
        const known = answers.get(words);
        const answer = known ?? (command.yes || (await confirm(questionFor(key), around)));
        answers.set(words, answer);
        return answer;
      });
    const work = hosts.map((host) => limit(() => trustOne(host, fleet, ask)));
    const results = await interruptible(() => Promise.all(work), around);
    if (command.json) around.stdout.write(results.map((one) => `${trustedJson(one)}\n`).join(''));
    print(results.flatMap(trustedText));
    return statusOf(results);
  });
}

async function trustOne(
  host: string,
  fleet: CliSession['fleet'],
  ask: (key: NewKey) => Promise<boolean>,
): Promise<Trusted> {
  const added: string[] = [];
  try {
    const onAdded = (key: NewKey): void => {
      added.push(keyWords(key));
    };
    const isTrusted = await fleet.trust(host, { mayTrust: ask, onAdded });
    const state = isTrusted ? (added.length > 0 ? 'added' : 'known') : 'refused';
    return { host, state, added, failure: undefined };
  } catch (error) {
    // Nobody to ask, or asked to stop: that is not about this host.
    if (!(error instanceof Failure) || error.code === 'config' || error.code === 'interrupted') throw error;
    return { host, state: 'failed', added, failure: error };
  }
}

function questionFor(key: NewKey): string {
  return `${keyWords(key)} is not known. Compare it with the host's own: ssh-keygen -lf on its key file there. Add it to ${key.file ?? 'no file'}?`;
}

function keyWords({ place, key }: NewKey): string {
  return `${place}  ${key}`;
}

function trustedText({ host, state, added, failure }: Trusted): readonly string[] {
  if (failure) return [...added.map((key) => `added: ${key}`), failure.message];
  return added.length > 0 ? added.map((key) => `added: ${key}`) : [`${state}: ${host}`];
}

function trustedJson({ failure, ...rest }: Trusted): string {
  return JSON.stringify({ schema: EVENT_SCHEMA, type: 'host-key', ...rest, failure: failure?.message });
}

function statusOf(results: readonly Trusted[]): number {
  const failures = results.flatMap(({ failure }) => failure ?? []);
  if (failures.length > 0) return statusOfAll(failures);
  return results.some(({ state }) => state === 'refused') ? exitStatuses.interrupted : 0;
}
