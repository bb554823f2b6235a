/** `run`: the command of an instance whose container stays. */
import { z } from 'zod';
import type { RunCommand } from '../../rollout/model.ts';
import { field, requiredField } from './field.ts';
import { hookCommand } from './hooks.ts';
import { durationAboveZero, oneOf, text } from './leaves.ts';

const DEFAULT_TIMEOUT_MS = 60_000;

export const runSchema = z.strictObject({
  name: requiredField(text, { description: 'What it is called, in the plan and afterwards.' }),
  command: requiredField(hookCommand, {
    description: 'What is run. A string is for `/bin/sh`. It must leave the container what it is; it may restart it.',
  }),
  where: requiredField(oneOf(['host', 'container'] as const), {
    description: 'On the host, as whom sluice comes there, or in the container.',
  }),
  timeout: field(durationAboveZero, { description: 'Then it is ended, and has failed.', default: '60s' }),
});

export function runCommandOf(written: z.infer<typeof runSchema> | undefined): RunCommand | undefined {
  if (!written) return undefined;
  const { name, where, timeout = DEFAULT_TIMEOUT_MS, command: words } = written;
  return { name, where, timeoutMs: timeout, spec: { command: words } };
}
