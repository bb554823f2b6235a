/** `--max-parallel-pulls`, as an option of the commands that bring images to hosts. */
import { PULLS_PER_HOST } from '../runner/preflight/images.ts';
import { Failure } from '../errors.ts';

export const pullOptions = {
  'max-parallel-pulls': {
    type: 'string',
    requiresArg: true,
    default: String(PULLS_PER_HOST),
    describe: 'Images that one host gets at the same time, at most; all hosts together: --forks',
  },
} as const;

export interface PullArgs {
  readonly 'max-parallel-pulls': string;
}

/** @throws Failure `config` for what is no number of pulls */
export function pullsPerHostIn({ 'max-parallel-pulls': written = String(PULLS_PER_HOST) }: Partial<PullArgs>): number {
  const pulls = Number(written);
  if (Number.isInteger(pulls) && pulls > 0) return pulls;
  throw new Failure('config', `Cannot use --max-parallel-pulls ${written}: it must be a whole number above 0`);
}
