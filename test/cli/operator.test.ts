import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { operatorAt } from '../../src/cli/operator.ts';
import { StopSwitch } from '../../src/cli/stop.ts';
import type { Surroundings } from '../../src/cli/surroundings.ts';
import { mayBatchBegin } from '../../src/rollout/questions.ts';

/** A terminal at which these lines are typed, one for each time it asks. */
function aTerminal(...lines: readonly string[]): { around: Surroundings; shown: () => string } {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stderr = new PassThrough();
  let shown = '';
  const typing = [...lines];
  stderr.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const line = text.includes('] ') ? typing.shift() : undefined;
    if (line !== undefined) stdin.write(`${line}\n`);
  });
  const around = { stdin, stderr, stdout: stderr, environment: {}, version: '1', stop: new StopSwitch() };
  return { around: around as unknown as Surroundings, shown: () => shown };
}

const question = mayBatchBegin('Front ends', 2, 3);
const never = new AbortController().signal;

describe('operatorAt()', () => {
  it('asks until it understands the answer', async () => {
    const { around, shown } = aTerminal('perhaps', '10m');

    expect(await operatorAt(around, { yes: false }).ask(question, never)).toEqual({ everyMs: 600_000 });
    expect(shown().match(/begin batch 2 of 3\? \[y, n, all/g)).toHaveLength(2);
  });

  it('gives up when the run is stopped while it asks', async () => {
    const { around } = aTerminal();
    const asked = operatorAt(around, { yes: false }).ask(question, around.stop.beforeNext);

    around.stop.ask('SIGTERM');

    expect(await asked).toBeUndefined();
  });

  it.each([
    { why: 'there is no terminal', isTTY: false, yes: false, isThere: false },
    { why: '--yes says not to ask', isTTY: true, yes: true, isThere: false },
    { why: 'there is a terminal', isTTY: true, yes: false, isThere: true },
  ])('is there when it can be asked: $why', async ({ isTTY, yes, isThere }) => {
    const { around } = aTerminal();
    around.stdin.isTTY = isTTY;
    const operator = operatorAt(around, { yes });

    expect(operator.isThere).toBe(isThere);
    if (!isThere) expect(await operator.ask(question, never)).toBeUndefined();
  });
});
