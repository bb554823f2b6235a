import type { Remark } from '../rollout/events.ts';
import { serverPath, type Server } from '../rollout/model.ts';
import { count } from '../rollout/count.ts';
import { localTime } from './columns.ts';

function takenOutAgain({ server, isDraining }: { readonly server: Server; readonly isDraining: boolean }): string {
  return `${serverPath(server)} is taken out again${isDraining ? ', the drain starts anew' : ''}`;
}

export function remarkText(remark: Remark): string {
  switch (remark.about) {
    case 'balancer-reloaded':
      return `HAProxy was reloaded (process ${remark.before} → ${remark.pid}): ${takenOutAgain(remark)}`;
    case 'balancer-restarted':
      return `HAProxy was restarted (process ${remark.before}, which is gone, → ${remark.pid}): ${takenOutAgain(remark)}`;
    case 'balancer-began-anew':
      return `HAProxy was reloaded or restarted, which of them cannot be seen (process ${remark.before} → ${remark.pid}): ${takenOutAgain(remark)}`;
    case 'changed-by-another':
      return `${serverPath(remark.server)} was set to weight ${remark.weight}, ${remark.admin}, by somebody else: ${remark.then}`;
    case 'weight-reset':
      return `HAProxy has begun anew with ${serverPath(remark.server)} at weight ${remark.weight}: back at ${remark.to}, as its ramp has it`;
    case 'fixed-weight':
      return `${serverPath(remark.server)} gets the weight ${remark.to} of HAProxy's new configuration, not the ${remark.weight} that it had: its algorithm is static and takes no other`;
    case 'moved':
      return `${serverPath(remark.server)} has another address in HAProxy's new configuration: ${remark.from} → ${remark.to}`;
    case 'old-workers-unknown':
      return `HAProxy's process is not to be seen on its host: whether a reload has left old workers that still serve ${serverPath(remark.server)} is not known`;
    case 'floor':
      return `${remark.server.backend} has ${count(remark.usable, 'usable server')}, min_up asks for ${remark.floor}: ${serverPath(remark.server)} ${floorWords[remark.then]}`;
    case 'not-drained':
      return remark.sessions === 0
        ? `whether ${serverPath(remark.server)} has requests is not certain at the drain timeout: ${remark.then}`
        : `${serverPath(remark.server)} still has ${count(remark.sessions, 'request')} in hand at the drain timeout: ${remark.then}`;
    case 'hold-over': {
      const why = remark.note === '' ? '' : ` ("${remark.note}")`;
      return `${serverPath(remark.server)} was drained by ${remark.by}${why} until ${localTime(remark.until)}, which is over: it is put back`;
    }
    case 'held-on': {
      const end = ({ until }: { readonly until?: string | undefined }): string =>
        until === undefined ? 'until somebody restores it' : `until ${localTime(until)}`;
      return `${serverPath(remark.server)} stays drained ${end(remark)}; before, by ${remark.before.by}, it was ${end(remark.before)}`;
    }
    case 'stays-out':
      return `${serverPath(remark.server)} stays out of service: ${remark.why}`;
    case 'gone':
      return `HAProxy has no server ${serverPath(remark.server)} any more: nothing to put back`;
  }
}

const floorWords: Readonly<Record<Extract<Remark, { about: 'floor' }>['then'], string>> = {
  'given back': 'is given back until there is capacity again',
  'cannot be given back': 'cannot be given back before its container has proved itself',
  'worked on': 'cannot be given back while its host is worked on',
};
