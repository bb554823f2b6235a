import type { Failure } from '../../errors.ts';
import type { SshOption } from '../../rollout/ssh-request.ts';
import { printable } from './ranges.ts';
import { splitWords } from './words.ts';

/** What one line of arguments for `ssh` says. */
export interface SshArguments {
  readonly options: readonly SshOption[];
  readonly configFile: string | undefined;
}

/** Those that are heeded. What is not here, and not below, is refused. */
const HEEDED: readonly string[] = [
  ...['hostname', 'user', 'port', 'addressfamily', 'bindaddress'],
  ...['identityfile', 'identitiesonly', 'identityagent', 'pubkeyauthentication'],
  ...['proxyjump', 'proxycommand'],
  ...['userknownhostsfile', 'globalknownhostsfile', 'hostkeyalias', 'stricthostkeychecking', 'hashknownhosts'],
  ...['connecttimeout', 'connectionattempts', 'serveraliveinterval', 'serveralivecountmax'],
  ...['kexalgorithms', 'hostkeyalgorithms', 'ciphers', 'macs'],
];

/** Those that make no difference to what we do over SSH: we share connections, ask nobody and forward nothing back. */
const WITHOUT_EFFECT: readonly string[] = [
  ...['controlmaster', 'controlpath', 'controlpersist', 'compression', 'batchmode', 'loglevel', 'tcpkeepalive'],
  ...['forwardagent', 'forwardx11', 'forwardx11trusted', 'requesttty', 'escapechar', 'addkeystoagent', 'ipqos'],
  ...['preferredauthentications', 'passwordauthentication', 'kbdinteractiveauthentication', 'numberofpasswordprompts'],
  ...['challengeresponseauthentication', 'gssapiauthentication', 'hostbasedauthentication'],
  ...['gssapidelegatecredentials', 'updatehostkeys', 'visualhostkey', 'checkhostip', 'sendenv'],
];

/** Letters of `ssh`: with a value, as an option; without one, as an option, or of no effect. */
const LETTERS_WITH_VALUE: Readonly<Record<string, string>> = {
  J: 'proxyjump',
  i: 'identityfile',
  l: 'user',
  p: 'port',
};
const LETTERS_ALONE: Readonly<Record<string, SshOption | undefined>> = {
  '4': { keyword: 'addressfamily', value: 'inet' },
  '6': { keyword: 'addressfamily', value: 'inet6' },
  ...Object.fromEntries(['A', 'a', 'C', 'k', 'n', 'q', 'T', 'v', 'x'].map((letter) => [letter, undefined])),
};

/** Which options count: those that sluice heeds itself, or whatever the system's `ssh` makes of them. */
type Takes = 'heeded' | 'all';

type Refusal = (reason: string) => Failure;

/**
 * The arguments for `ssh` in the value of a variable such as ansible_ssh_common_args.
 *
 * @throws Failure `config` for any that we do not heed, rather than to connect without it
 */
export function sshArgumentsOf(
  line: string,
  { takes, refuse }: { readonly takes: Takes; readonly refuse: Refusal },
): SshArguments {
  const words = splitWords(line, 'without comments')?.map((word) => word.text);
  if (words === undefined) throw refuse('a quote is opened and never closed');
  const options: SshOption[] = [];
  let configFile: string | undefined;
  for (let rest = words; rest.length > 0;) {
    const argument = argumentAt(rest, refuse, takes);
    rest = rest.slice(argument.words);
    options.push(...argument.options);
    configFile ??= argument.configFile;
  }
  return { options, configFile };
}

interface Argument {
  readonly words: number;
  readonly options: readonly SshOption[];
  readonly configFile?: string;
}

/** The first argument of these words: `-o Port=1`, `-oPort=1`, `-Jbastion`, `-Cq`. */
function argumentAt([word = '', next]: readonly string[], refuse: Refusal, takes: Takes): Argument {
  const [, letter = '', joined = ''] = /^-([a-zA-Z0-9])([^]*)$/.exec(word) ?? [];
  const keyword = Object.hasOwn(LETTERS_WITH_VALUE, letter) ? LETTERS_WITH_VALUE[letter] : undefined;
  if (keyword !== undefined || letter === 'o' || letter === 'F') {
    const value = joined === '' ? next : joined;
    if (value === undefined || value === '') throw refuse(`there is a -${letter} without its value`);
    const words = joined === '' ? 2 : 1;
    if (letter === 'F') return { words, options: [], configFile: value };
    return {
      words,
      options: [keyword === undefined ? written(value, refuse, takes) : { keyword, value: inQuotes(value) }].flat(),
    };
  }
  if (!Object.hasOwn(LETTERS_ALONE, letter)) throw refuse(`the argument "${printable(word)}" is not supported`);
  if (joined !== '') return { words: 1, options: lettersIn(word, refuse) };
  const option = LETTERS_ALONE[letter];
  return { words: 1, options: option ? [option] : [] };
}

function lettersIn(word: string, refuse: Refusal): readonly SshOption[] {
  return Array.from(word.slice(1)).flatMap((letter) => {
    if (!Object.hasOwn(LETTERS_ALONE, letter)) throw refuse(`the argument "${printable(word)}" is not supported`);
    return LETTERS_ALONE[letter] ?? [];
  });
}

/** `Keyword=value` or `Keyword value`; nothing for those without an effect. */
function written(text: string, refuse: Refusal, takes: Takes): readonly SshOption[] {
  const [, name = '', value = ''] = /^\s*([^\s=]+)\s*[\s=]\s*([^]*?)\s*$/.exec(text) ?? [];
  if (name === '' || value === '') throw refuse('there is a -o without its "Option=value"');
  const keyword = name.toLowerCase();
  if (takes === 'heeded') {
    if (WITHOUT_EFFECT.includes(keyword)) return [];
    if (!HEEDED.includes(keyword))
      throw refuse(`the option ${printable(name)} is not supported but by --transport openssh`);
  }
  if (/[\r\n\0]/.test(value)) throw refuse(`the value of ${printable(name)} is more than one line`);
  return [{ keyword, value }];
}

/** One word, as a configuration file has it. */
export function inQuotes(word: string): string {
  return /[\s"#=]/.test(word) ? `"${word}"` : word;
}
