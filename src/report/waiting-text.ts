/** What a step waits for. */
import type { Waiting } from '../rollout/events.ts';
import type { MeetingPoint } from '../rollout/lifecycle.ts';
import { serverPath } from '../rollout/model.ts';
import { count } from '../rollout/count.ts';
import { duration } from './columns.ts';

const meetingWords: Readonly<Record<MeetingPoint, string>> = {
  drained: 'drained',
  stopped: 'stopped',
  checked: 'ready',
  serving: 'serving',
  released: 'drained',
  readmitted: 'in service again',
  withdrawn: 'out of service',
  discarded: 'on the way back, their new containers gone',
};

export function waitingText(waiting: Waiting): string {
  switch (waiting.for) {
    case 'requests': {
      if (waiting.current + waiting.queued === 0) {
        return `waiting until it is certain that ${serverPath(waiting.server)} has no request left, ${left(waiting)}`;
      }
      const holders = waiting.sessions.map(({ source, ageSeconds }) => `${source} for ${ageSeconds} s`).join(', ');
      const queued = waiting.queued > 0 ? ` and ${waiting.queued} queued` : '';
      const who = holders === '' ? '' : ` (${holders})`;
      return `waiting for ${count(waiting.current, 'request')} in hand${queued} at ${serverPath(waiting.server)}${who}, ${left(waiting)}`;
    }
    case 'old-worker':
      return waiting.current === undefined
        ? `waiting for HAProxy's old worker ${waiting.pid} to end, ${left(waiting)}`
        : `waiting for ${count(waiting.current, 'request')} in hand at ${serverPath(waiting.server)} in HAProxy's old worker ${waiting.pid}, ${left(waiting)}`;
    case 'capacity':
      return `waiting until ${waiting.server.backend} can spare ${waiting.server.name}: ${count(waiting.usable, 'other')} usable, min_up asks for ${waiting.floor}`;
    case 'others':
      return `waiting until ${waiting.names.join(', ')} ${waiting.names.length === 1 ? 'is' : 'are'} ${meetingWords[waiting.meets]} too`;
    case 'ready':
      return `waiting until it is ready: ${waiting.why}, ${left(waiting)}`;
    case 'up':
      return `waiting until HAProxy sees ${serverPath(waiting.server)} UP: ${waiting.status}${waiting.lastCheck === '' ? '' : `, last check ${waiting.lastCheck}`}, ${left(waiting)}`;
    case 'answer':
      return `no answer, asking again: ${waiting.why}${waiting.leftMs === undefined ? '' : `, ${left({ leftMs: waiting.leftMs })}`}`;
  }
}

export function left({ leftMs }: { readonly leftMs: number }): string {
  return `${duration(Math.max(0, leftMs))} left`;
}
