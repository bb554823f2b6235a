/** What is done to the configuration of an HAProxy, as lines for people. */
import type { ConfigStep, RunEvent } from '../rollout/events.ts';
import { duration } from './columns.ts';
import type { Paint } from './paint.ts';

const configWords: Readonly<Record<ConfigStep, string>> = {
  replace: 'replace',
  reload: 'reload',
  carryOver: 'carry over',
  settle: 'settle',
  putBack: 'put back',
};

const CONFIG_WIDTH = Math.max(...Object.values(configWords).map((word) => word.length));

export function configText(event: Extract<RunEvent, { type: 'config-step' | 'config-waiting' }>, paint: Paint): string {
  const { host } = event;
  const line = (step: ConfigStep, text: string): string =>
    `${host} haproxy  ${configWords[step].padEnd(CONFIG_WIDTH)}  ${text}`;
  if (event.type === 'config-waiting')
    return line(
      'settle',
      paint('quiet', `waiting until all servers are UP: ${event.why}, ${duration(event.leftMs)} left`),
    );
  const { step, isOk, outcome, ms } = event;
  return line(step, isOk ? `${outcome}  ${paint('quiet', `(${duration(ms)})`)}` : paint('bad', `failed: ${outcome}`));
}
