import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** What says how hosts are reached, or what their variables are: by the section of ansible.cfg, then as variables of the environment. */
const SETTINGS: Readonly<Record<string, readonly string[]>> = {
  defaults: ['remote_user', 'remote_port', 'private_key_file', 'timeout', 'host_key_checking', 'hash_behaviour'],
  privilege_escalation: ['become', 'become_method', 'become_user'],
  ssh_connection: ['ssh_args', 'ssh_common_args', 'ssh_extra_args'],
};
const VARIABLES = [
  ...['REMOTE_USER', 'REMOTE_PORT', 'PRIVATE_KEY_FILE', 'TIMEOUT', 'HASH_BEHAVIOUR', 'BECOME', 'BECOME_USER'],
  ...['SSH_ARGS', 'SSH_COMMON_ARGS', 'SSH_EXTRA_ARGS'],
].map((name) => `ANSIBLE_${name}`);

interface Place {
  readonly environment: Environment;
  /** The working folder. */
  readonly folder: string;
  /** Undefined: there is no such file, or it cannot be read. */
  readonly read: (path: string) => string | undefined;
}

/**
 * Sentences about what Ansible would heed here and sluice does not: of the first configuration that Ansible would read, and
 * of the environment.
 *
 * @see https://docs.ansible.com/ansible/latest/reference_appendices/config.html
 */
export function unheeded({ environment, folder, read }: Place): readonly string[] {
  const { ANSIBLE_CONFIG: named, HOME: home } = environment;
  const paths = [
    ...(named ? [named] : []),
    join(folder, 'ansible.cfg'),
    ...(home ? [join(home, '.ansible.cfg')] : []),
    '/etc/ansible/ansible.cfg',
  ];
  const texts = paths.map((path) => ({ path, text: read(path) }));
  const found = texts.find(({ text }) => text !== undefined);
  const said = found?.text === undefined ? [] : settingsIn(found.text);
  const set = VARIABLES.filter((name) => environment[name]);
  return [
    ...(found && said.length > 0 ? [sentence(`${found.path} is not read`, said)] : []),
    ...(set.length > 0 ? [sentence('Of the environment not all counts that counts for Ansible', set)] : []),
  ];
}

function sentence(what: string, settings: readonly string[]): string {
  return `${what}, and so not ${settings.join(', ')}: say it in the inventory or ~/.ssh/config, or with an option (docs/ssh.md)`;
}

function settingsIn(text: string): readonly string[] {
  let section = '';
  return text.split('\n').flatMap((line, index) => {
    section = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1] ?? section;
    const name = /^(\w+)\s*[=:]\s*\S/.exec(line)?.[1];
    return name !== undefined && SETTINGS[section]?.includes(name) ? [`${name} (line ${index + 1})`] : [];
  });
}
