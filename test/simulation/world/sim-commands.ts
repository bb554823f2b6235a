import type { CommandEnd, Commands } from '../../../src/runner/ports/commands.ts';
import type { Controller } from './controller.ts';

const TAKES_MS = 20;

/** What a command of a story does: `sleep MS`, which takes so long, and `fail`; any other ends well at once. */
export function simulated(
  [name = '', ms = '']: readonly string[],
  withinMs: number,
): { readonly takesMs: number; readonly end: CommandEnd } {
  const wantsMs = name === 'sleep' ? Number(ms) : TAKES_MS;
  const exitCode = wantsMs > withinMs ? undefined : name === 'fail' ? 1 : 0;
  return { takesMs: Math.min(wantsMs, withinMs), end: { exitCode, output: [] } };
}

/** Those of the machine that a controller is. */
export function commandsOn(controller: Controller): Commands {
  return {
    run: async ({ command, withinMs, signal }) => {
      signal.throwIfAborted();
      const { takesMs, end } = simulated(command, withinMs);
      await controller.local(takesMs);
      signal.throwIfAborted();
      return end;
    },
  };
}
