/** What OpenSSH's configuration says of a host: OpenSSH itself is asked. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { Failure, reasonOf } from '../../errors.ts';
import type { SshRequest } from '../../rollout/ssh-request.ts';
import type { SshAddress } from './address.ts';
import { addressOf, settingsIn, settingsOf, type Settings } from './settings.ts';

/** Each takes 13 ms of a processor, unless the configuration runs commands (`Match exec`). */
const AT_ONCE = 8;
const ANSWER_WITHIN_MS = 10_000;

interface Surroundings {
  readonly environment: NodeJS.ProcessEnv;
  /** Told, once, that a configuration was not read. */
  readonly warn: (text: string) => void;
}

/** Reads `~/.ssh/config`, or what `ssh -F` names, by `ssh -G`: once for each way to be asked. */
export class SshConfig {
  readonly #around: Surroundings;
  readonly #limit = pLimit(AT_ONCE);
  readonly #known = new Map<string, Promise<Settings>>();
  #hasWarned = false;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** @throws Failure `config` when the configuration is wrong, or asks for what cannot be done */
  async addressOf(request: SshRequest): Promise<SshAddress> {
    const words = wordsOf(request);
    const key = JSON.stringify(words);
    const settings = this.#known.get(key) ?? this.#limit(() => this.#settingsOf(request, words));
    this.#known.set(key, settings);
    const address = addressOf(request, await settings, this.#around.environment);
    return { ...address, openssh: request.transport === 'openssh' ? words : undefined };
  }

  async #settingsOf(request: SshRequest, words: readonly string[]): Promise<Settings> {
    const { environment } = this.#around;
    const printed = await new Promise<string | undefined>((resolve, reject) => {
      // -T: or it complains that there is no terminal.
      execFile(
        'ssh',
        ['-G', '-T', ...words],
        { env: environment, timeout: ANSWER_WITHIN_MS },
        (error, stdout, stderr) => {
          if (!error) resolve(stdout);
          else if (error.code === 'ENOENT') resolve(undefined);
          else reject(new Failure('config', `Cannot connect to ${request.host}: ${whyRefused(stderr, error)}`));
        },
      );
    });
    if (printed !== undefined) return settingsIn(printed);
    if (request.transport === 'openssh') {
      const why = 'its transport is openssh, and there is no ssh program here';
      throw new Failure('config', `Cannot connect to ${request.host}: ${why}`);
    }
    this.#warnOf(request);
    return settingsOf(request);
  }

  #warnOf({ configFile = join(userInfo().homedir, '.ssh/config') }: SshRequest): void {
    if (this.#hasWarned || configFile === 'none' || !existsSync(configFile)) return;
    this.#hasWarned = true;
    this.#around.warn(`${configFile} is not read: there is no ssh program here to ask what it means`);
  }
}

function wordsOf({ destination, options, configFile }: SshRequest): readonly string[] {
  const file = configFile === undefined ? [] : ['-F', configFile];
  return [...file, ...options.flatMap(({ keyword, value }) => ['-o', `${keyword}=${value}`]), '--', destination];
}

/** `command-line line 0: …` are our own options. */
function whyRefused(stderr: string, error: Error): string {
  const said = stderr
    .split('\n')
    .map((line) => line.trim().replace(/^command-line:? line 0: /, ''))
    .filter((line) => line !== '' && !/^\S+: terminating, \d+ bad configuration options$/.test(line));
  return `ssh says: ${said.length === 0 ? reasonOf(error) : said.join('; ')}`;
}
