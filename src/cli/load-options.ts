/** `--load` and `--load-from-engine`, as options of the commands that roll out. */
import type { Loading } from './command.ts';

export const loadOptions = {
  load: {
    array: true,
    nargs: 1,
    type: 'string',
    default: [] as string[],
    describe: 'Image archive (docker save) to send to the hosts, rather than that they pull (repeatable)',
  },
  'load-from-engine': {
    type: 'boolean',
    default: false,
    describe: 'Send them all images from the Docker Engine of this machine ($DOCKER_HOST, docker context)',
  },
} as const;

export interface LoadArgs {
  readonly load: string[];
  readonly 'load-from-engine': boolean;
}

export function loadingOf(args: LoadArgs): Loading {
  return { files: args.load, fromEngine: args['load-from-engine'] };
}
