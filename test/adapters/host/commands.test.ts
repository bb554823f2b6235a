import { describe } from 'vitest';
import { runOnHost } from '../../../src/adapters/host/commands.ts';
import {
  behavesLikeCommands,
  isExactAboutCommands,
  type CommandsArrangement,
} from '../../support/contracts/commands.ts';
import { LocalLink, type Shell } from '../../support/local-link.ts';

describe.each(['dash', 'bash', 'busybox'] as const satisfies readonly Shell[])('with %s', (shell) => {
  const arranged = async (): Promise<CommandsArrangement> => {
    const link = new LocalLink({ shell });
    return { commands: { run: (request) => runOnHost(link, request) }, end: () => link.close() };
  };
  behavesLikeCommands('a host', arranged);
  isExactAboutCommands('a host', arranged);
});
