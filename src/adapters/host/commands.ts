import type { CommandEnd, CommandRequest } from '../../runner/ports/commands.ts';
import { beatsUntil, END_WITHIN_MS, environmentLines, onBeats, withinLimits } from '../lifeline.ts';
import { quoted, type Link } from '../link.ts';
import { OutputEnds } from '../output-ends.ts';

/** Runs a command on the host, as whom we come there. Its environment is in no command line, where others could see it. */
export async function runOnHost(link: Link, { command, env, ...limits }: CommandRequest): Promise<CommandEnd> {
  const output = new OutputEnds();
  const line = onBeats(command, limits).map(quoted).join(' ');
  const exitCode = await withinLimits(limits, async (until) => {
    const result = await link.run(line, {
      stdin: environmentLines(env),
      talk: beatsUntil(until),
      hear: (chunk) => {
        output.add(chunk);
      },
      withinMs: limits.withinMs + 2 * END_WITHIN_MS,
    });
    return result.exitCode;
  });
  return { exitCode, output: output.lines() };
}
