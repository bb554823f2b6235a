/**
 * The floor: the leanest rollout of one host there can be, by hand, on the machine itself. A program of its own, in
 * the network namespace of the host (for the published ports): `node floor.js HOST IMAGE`. Prints `FloorTimes[]`.
 *
 * What a rollout owes its users is there (no request in hand when the container stops, none before it has proved
 * itself) and nothing else: no way back, no record, no lock, no second look, no SSH.
 */
import { request } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { engine } from '../lab/engine.ts';
import { runtime, serverStates } from '../lab/haproxy.ts';
import type { ServerState } from '../lab/haproxy.ts';
import type { Host } from '../lab/host.ts';
import { hostNamed } from '../lab/lab.ts';
import { until } from '../lab/wait.ts';
import { parseStat } from '../src/adapters/haproxy/answers.ts';
import type { FloorTimes } from './parts.ts';

const patience = { withinMs: 60_000, everyMs: 10 };

const [hostName = '', image = ''] = process.argv.slice(2);
const host = hostNamed(hostName);
const times: FloorTimes[] = [];
for (const server of await serverStates(host)) times.push(await replace(host, server, image));
console.log(JSON.stringify(times));

async function replace(host: Host, server: ServerState, image: string): Promise<FloorTimes> {
  const { name, weight } = server;
  const path = `${server.backend}/${name}`;
  const creation = await creationOf(host, name, image);
  const lap = stopwatch();

  await runtime(host, `set weight ${path} 0`);
  await until(`${name} to be idle`, () => isIdle(host, server), patience);
  await runtime(host, `set server ${path} state maint`);
  const drain = lap();

  await engine(host, `/containers/${name}/stop`, { method: 'POST' });
  const stop = lap();

  await engine(host, `/containers/${name}`, { method: 'DELETE' });
  await engine(host, `/containers/create?name=${name}`, { method: 'POST', body: creation });
  const swap = lap();

  await engine(host, `/containers/${name}/start`, { method: 'POST' });
  const start = lap();

  await until(`${name} to be healthy`, () => isHealthy(host, server), patience);
  const healthy = lap();

  await runtime(host, `set weight ${path} ${weight}; set server ${path} state ready; set server ${path} health down`);
  await until(`${name} to be UP`, () => isUp(host, server), patience);
  return { drain, stop, swap, start, healthy, up: lap() };
}

/** The old container's settings that the lab sets, with the new image. */
async function creationOf(host: Host, name: string, image: string): Promise<object> {
  const { Config, HostConfig } = JSON.parse(await engine(host, `/containers/${name}/json`)) as {
    readonly Config: { readonly Env: readonly string[] };
    readonly HostConfig: object;
  };
  const Env = Config.Env.filter((line) => line.startsWith('START_DELAY_MS='));
  return { Image: image, Env, HostConfig };
}

/** Milliseconds since the last lap. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const before = last;
    last = performance.now();
    return last - before;
  };
}

async function isIdle(host: Host, { backend, name }: ServerState): Promise<boolean> {
  const rows = parseStat(await runtime(host, `show stat ${backend} 4 -1`));
  const row = rows.find((candidate) => candidate.get('svname') === name);
  return Number(row?.get('scur')) + Number(row?.get('qcur')) === 0;
}

async function isHealthy(host: Host, { name, address }: ServerState): Promise<boolean> {
  const { State } = JSON.parse(await engine(host, `/containers/${name}/json`)) as {
    readonly State: { readonly Health?: { readonly Status: string } };
  };
  if (State.Health?.Status !== 'healthy') return false;
  const asked = request(`http://${address}/health`, { agent: false });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode === 200;
}

async function isUp(host: Host, { name }: ServerState): Promise<boolean> {
  const state = (await serverStates(host)).find((candidate) => candidate.name === name);
  return state?.operation === 2 && state.admin === 0;
}
