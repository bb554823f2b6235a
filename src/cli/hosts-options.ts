import type { Argv } from 'yargs';
import { EXIT_CODES, type CommonArgs } from './common-options.ts';
import { HOSTS } from './options.ts';

export function hostActions(
  parser: Argv<CommonArgs>,
): Argv<CommonArgs & { readonly action: 'trust'; readonly hosts: string }> {
  return parser
    .epilogue(EXIT_CODES)
    .positional('action', {
      choices: ['trust'] as const,
      demandOption: true,
      describe: 'trust: shows SSH host keys that are not known, and adds them to known_hosts after a question',
    })
    .positional('hosts', { ...HOSTS, demandOption: true });
}
