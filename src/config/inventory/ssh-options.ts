import { Failure } from '../../errors.ts';
import { printable } from './ranges.ts';
import { splitWords } from './words.ts';

/** As written; what is left out was not there. */
export interface SshOptions {
  readonly knownHostsFiles?: readonly string[];
  readonly hostKeyChecking?: 'yes' | 'accept-new' | 'no';
  readonly connectTimeout?: string;
  readonly user?: string;
  readonly port?: string;
  readonly identityFiles?: readonly string[];
}

/**
 * The `-o` options in ansible_ssh_common_args and ansible_ssh_extra_args. As with ssh itself, the first value of
 * an option counts; only identity files add up.
 *
 * @throws Failure `config` for any option that has no equivalent here, rather than to connect without it
 */
export function sshOptionsOf(host: string, args: Readonly<Record<string, string | undefined>>): SshOptions {
  let options: SshOptions = {};
  for (const [name, line] of Object.entries(args)) {
    const refuse = (reason: string): Failure =>
      new Failure('config', `Cannot connect to ${host}: ${reason} in ${name}`);
    for (const option of optionsIn(line ?? '', refuse)) {
      const identityFiles = [...(options.identityFiles ?? []), ...(option.identityFiles ?? [])];
      options = { ...option, ...options, ...(identityFiles.length > 0 && { identityFiles }) };
    }
  }
  return options;
}

type Refusal = (reason: string) => Failure;

function optionsIn(line: string, refuse: Refusal): SshOptions[] {
  const words = splitWords(line, 'without comments')?.map((word) => word.text);
  if (words === undefined) throw refuse('a quote is opened and never closed');
  const options: SshOptions[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!word.startsWith('-o')) throw refuse(`the argument "${printable(word)}" is not supported yet`);
    if (word === '-o') index += 1;
    const [, keyword = '', value = ''] =
      /^\s*([^\s=]+)\s*[\s=]\s*([^]*?)\s*$/.exec(word === '-o' ? (words[index] ?? '') : word.slice(2)) ?? [];
    options.push(optionOf(keyword, value, refuse));
  }
  return options;
}

function optionOf(keyword: string, value: string, refuse: Refusal): SshOptions {
  if (keyword === '' || value === '') throw refuse('there is a -o without its "Option=value"');
  switch (keyword.toLowerCase()) {
    case 'userknownhostsfile':
      return { knownHostsFiles: value.split(/\s+/) };
    case 'stricthostkeychecking':
      return { hostKeyChecking: hostKeyCheckingOf(value, refuse) };
    case 'connecttimeout':
      return { connectTimeout: value };
    case 'user':
      return { user: value };
    case 'port':
      return { port: value };
    case 'identityfile':
      return { identityFiles: [value] };
    default:
      throw refuse(`the option ${printable(keyword)} is not supported yet`);
  }
}

/** Nobody can be asked, so `ask` is as strict as `yes`. */
function hostKeyCheckingOf(value: string, refuse: Refusal): 'yes' | 'accept-new' | 'no' {
  const word = value.toLowerCase();
  if (word === 'yes' || word === 'ask' || word === 'true') return 'yes';
  if (word === 'accept-new') return word;
  if (word === 'no' || word === 'off' || word === 'false') return 'no';
  throw refuse(`StrictHostKeyChecking should be yes, accept-new or no, is "${printable(value)}"`);
}
