/** What is done to an HAProxy by itself, as lines for people. */
import type { ConfigStep, HaproxyEvent } from '../rollout/haproxy-events.ts';
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

export function haproxyLines(event: HaproxyEvent, paint: Paint): string[] {
  const { host } = event;
  const line = (step: ConfigStep, text: string): string =>
    `${host} haproxy  ${configWords[step].padEnd(CONFIG_WIDTH)}  ${text}`;
  switch (event.type) {
    case 'config-waiting': {
      const waiting = `waiting until all servers are UP: ${event.why}, ${duration(event.leftMs)} left`;
      return [line('settle', paint('quiet', waiting))];
    }
    case 'config-step': {
      const { step, isOk, outcome, ms } = event;
      const text = isOk ? `${outcome}  ${paint('quiet', `(${duration(ms)})`)}` : paint('bad', `failed: ${outcome}`);
      return [line(step, text)];
    }
    case 'config-step-started':
    case 'runtime-asked':
    case 'runtime-answered':
      // What is asked and answered by hand is printed as that (cli/haproxy-runtime.ts).
      return [];
  }
}
