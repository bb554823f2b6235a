import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { LabSettings } from './settings.ts';

const options = {
  weights: { type: 'string' },
  'app-delay': { type: 'string' },
  version: { type: 'string' },
  haproxy: { type: 'string' },
  'no-healthchecks': { type: 'boolean' },
  'no-stream-local': { type: 'boolean' },
  'keep-images': { type: 'boolean' },
  'left-behind': { type: 'boolean' },
  json: { type: 'boolean' },
  seconds: { type: 'string' },
  hosts: { type: 'string' },
  rate: { type: 'string' },
  connections: { type: 'string' },
  report: { type: 'string' },
} as const;

/** @throws Error about an unknown option. */
export function parse(args: readonly string[]) {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  return { values, positionals };
}

export type Options = ReturnType<typeof parse>['values'];

/** What `up` and `reset` were asked for; what was not said is left out. */
export function settingsOf(values: Options, [hosts, apps]: readonly string[]): Partial<LabSettings> {
  return {
    ...(hosts !== undefined && { hosts: numberOf('HOSTS', hosts, { from: 1, to: 50 }) }),
    ...(apps !== undefined && { apps: numberOf('APPS', apps, { from: 1, to: 100 }) }),
    ...(values.weights !== undefined && { weights: values.weights.split(',').map(weightOf) }),
    ...(values['app-delay'] !== undefined && { appDelayMs: numberOf('--app-delay', values['app-delay']) }),
    ...(values.version !== undefined && { version: values.version }),
    ...(values['no-healthchecks'] !== undefined && { healthchecks: !values['no-healthchecks'] }),
    ...(values['no-stream-local'] !== undefined && { streamLocal: !values['no-stream-local'] }),
    ...(values.haproxy !== undefined && { haproxyTemplate: resolve(values.haproxy) }),
  };
}

export function numberOf(name: string, text: string, { from = 0, to = 1_000_000 } = {}): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isInteger(number) && number >= from && number <= to) return number;
  throw new Error(`Cannot use ${name} ${text}: it must be a whole number from ${from} to ${to}`);
}

function weightOf(text: string): number {
  return numberOf('--weights', text, { from: 0, to: 256 });
}
