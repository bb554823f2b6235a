import type { AddressAnswer, Asking, CommandEnd, Commands } from '../../../src/runner/ports/commands.ts';
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

/** What an address of a story answers at a time: `…/never` nothing, `…/sometimes` 1 in two of three seconds, else 0. */
export function addressAnswers(url: string, nowMs: number): AddressAnswer {
  if (url.endsWith('/never')) return { why: 'cannot be asked: refused' };
  const isOne = url.endsWith('/sometimes') && Math.floor(nowMs / 1_000) % 3 > 0;
  return { status: 200, body: isOne ? '1' : '0' };
}

/** Those of the machine that a controller is. */
export function commandsOn(controller: Controller): Commands & Asking {
  return {
    ask: async ({ url }) => {
      await controller.local(TAKES_MS);
      return addressAnswers(url, controller.world.timeline.nowMs);
    },
    run: async ({ command, withinMs, signal }) => {
      signal.throwIfAborted();
      const { takesMs, end } = simulated(command, withinMs);
      await controller.local(takesMs);
      signal.throwIfAborted();
      return end;
    },
  };
}
