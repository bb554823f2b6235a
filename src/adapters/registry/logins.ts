import { homedir } from 'node:os';
import { join } from 'node:path';
import type { RegistryLogin } from '../../rollout/play.ts';
import { DOCKER_HUB, type Login, type Logins } from '../login.ts';
import { loginIn, readDockerConfig, type DockerConfig } from './docker-config.ts';
import { askHelper } from './helper.ts';

interface Options {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Told of each password and token before anybody uses it, so that none is ever shown. */
  readonly onSecret: (text: string) => void;
}

/**
 * The logins of the controller: those of the playbook, else those that `docker login` keeps there, in `config.json` or
 * with a credential helper. Each is looked up once, when it is first needed.
 */
export class RegistryLogins {
  readonly #options: Options;
  readonly #given = new Map<string, Login>();
  readonly #kept = new Map<string, Promise<Login | undefined>>();
  #config: DockerConfig | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  give(logins: readonly RegistryLogin[]): void {
    for (const { registry, username, password } of logins) {
      this.#options.onSecret(password);
      this.#given.set(registry, { username, password });
    }
  }

  /** @throws Failure `config` when `config.json` cannot be read, or its helper does not work */
  readonly of: Logins = async (registry) => {
    const given = this.#given.get(registry);
    if (given) return given;
    const known = this.#kept.get(registry) ?? this.#find(registry);
    this.#kept.set(registry, known);
    return known;
  };

  async #find(registry: string): Promise<Login | undefined> {
    const { environment, onSecret } = this.#options;
    const folder = environment['DOCKER_CONFIG'] ?? join(environment['HOME'] ?? homedir(), '.docker');
    this.#config ??= readDockerConfig(join(folder, 'config.json'));
    // Docker's own registry is kept under an address of old.
    const server = registry === 'docker.io' ? DOCKER_HUB : registry;
    const { credHelpers, credsStore } = this.#config;
    const helper = credHelpers[server] ?? credHelpers[registry] ?? credsStore;
    const login =
      helper === undefined ? loginIn(this.#config, registry) : await askHelper({ name: helper, server, environment });
    if (login) onSecret('password' in login ? login.password : login.identityToken);
    return login;
  }
}
