import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { runOnHost } from '../../../src/adapters/host/commands.ts';
import { onBeats } from '../../../src/adapters/lifeline.ts';
import {
  behavesLikeCommands,
  isExactAboutCommands,
  leavesNothingBehind,
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
  leavesNothingBehind('a host', arranged);

  const started = (words: readonly string[]): ChildProcessWithoutNullStreams => {
    const own = shell === 'busybox' ? ['sh'] : [];
    const child = spawn(shell, [...own, ...words.slice(1)], { detached: true });
    // A beat that meets the command's end: what the test waits for, not a fault of it.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
    return child;
  };
  const heard = (child: ChildProcessWithoutNullStreams): Buffer[] => {
    const said: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk));
    return said;
  };

  it('ends a command by itself when nothing is heard any more', async () => {
    const child = started(onBeats(['sleep', '600'], { withinMs: 60_000, silenceMs: 1_000 }));
    const said = heard(child);
    child.stdin.write('\n');
    const [code] = (await once(child, 'close')) as [number];

    expect(code).toBe(143);
    expect(Buffer.concat(said).toString()).toContain('ended by the host, which has heard nothing');
  });

  it('ends a command by itself when its time is up, whatever is heard', async () => {
    const child = started(onBeats(['sleep', '600'], { withinMs: -4_000 }));
    const said = heard(child);
    child.stdin.write('\n');
    const beats = setInterval(() => child.stdin.write('beat\n'), 100);
    const [code] = (await once(child, 'close')) as [number];
    clearInterval(beats);

    expect(code).toBe(143);
    expect(Buffer.concat(said).toString()).toContain('ended by the host: its time was up');
  });

  it('goes on as long as it hears beats', async () => {
    const child = started(onBeats(['sleep', '3'], { withinMs: 60_000, silenceMs: 1_000 }));
    child.stdin.write('\n');
    const beats = setInterval(() => child.stdin.write('beat\n'), 100);
    const [code] = (await once(child, 'close')) as [number];
    clearInterval(beats);

    expect(code).toBe(0);
  });
});
