/** Requests that are in hand for as long as a test needs them to be. */
import { request } from 'node:http';
import { hostNamed, serverOfAddress } from './fleet.ts';

export interface Occupation {
  /** Whose HAProxy is asked. */
  readonly host: string;
  readonly server: string;
  readonly ms: number;
}

/** More than it takes to have one at each server, whatever the weights of the lab and its other load. */
const AT_MOST = 100;

/** Long requests, the last of them at this server; what becomes of each. */
export async function occupied({ host, server, ms }: Occupation): Promise<readonly Promise<number>[]> {
  const all: Promise<number>[] = [];
  while (all.length < AT_MOST) {
    const long = await longRequest(host, ms);
    all.push(long.status);
    if (long.server === server) return all;
  }
  throw new Error(`none of ${AT_MOST} requests to ${host} came to ${server}`);
}

/** A request that takes so long, and the server that has it. */
async function longRequest(name: string, ms: number): Promise<{ server: string; status: Promise<number> }> {
  const long = request({ host: hostNamed(name).address, path: `/slow?ms=${ms}`, agent: false });
  const status = new Promise<number>((resolve, reject) => {
    long.on('error', reject).on('response', (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
  });
  long.end();
  // Of one that fails before it is asked about, the test is told by what it asks first.
  status.catch(() => undefined);
  return { server: await serverOfAddress(name, long), status };
}
