import type { Operator } from '../runner/ports/ports.ts';
import { prompt } from './prompt.ts';
import type { Surroundings } from './surroundings.ts';

/** Whoever sits at the terminal, unless there is none, or `--yes` says not to ask. */
export function operatorAt(surroundings: Surroundings, { yes }: { readonly yes: boolean }): Operator {
  const isThere = surroundings.stdin.isTTY && !yes;
  return {
    isThere,
    ask: async (question, signal) => {
      while (isThere) {
        const said = await prompt(`${question.text} [${question.answers}]`, surroundings, signal);
        if (said === undefined) return undefined;
        const answer = question.read(said);
        if (answer !== undefined) return answer;
      }
      return undefined;
    },
  };
}
