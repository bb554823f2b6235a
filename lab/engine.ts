import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Host } from './host.ts';
import { run } from './shell.ts';

/** What the lab reads of the Engine's answers. */
export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly State: string;
  readonly Status: string;
}

export interface ContainerDetails {
  readonly Image: string;
  readonly State: {
    readonly Running: boolean;
    readonly Paused: boolean;
    readonly Health?: { readonly Status: string };
  };
  readonly Config: {
    readonly Image: string;
    readonly Env: readonly string[];
    readonly Labels: object | null;
    readonly Healthcheck?: { readonly Test?: readonly string[] };
  };
  readonly HostConfig: {
    readonly PortBindings: object | null;
    readonly RestartPolicy: { readonly Name: string };
    readonly Binds: readonly string[] | null;
    readonly NetworkMode: string;
  };
}

export interface ImageSummary {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: object;
  /** Statuses that are as good as success, e.g. 404 for a removal. */
  readonly accept?: readonly number[];
  readonly withinMs?: number;
}

/** One call of the Engine API of a host. @throws Error with the Engine's message. */
export async function engine(host: Host, path: string, call: Call = {}): Promise<string> {
  const { method = 'GET', body, accept = [], withinMs = 60_000 } = call;
  const asked = request({
    socketPath: host.dockerSocket,
    path: `/v1.41${path}`,
    method,
    agent: false,
    headers: { 'content-type': 'application/json' },
  });
  asked.setTimeout(withinMs, () => asked.destroy(new Error(`no answer within ${withinMs} ms`)));
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const answered = await text(answer);
  const status = answer.statusCode ?? 0;
  if (status < 400 || accept.includes(status)) return answered;
  throw new Error(`Cannot ${method} ${path} on ${host.name}: ${status} ${answered.trim()}`);
}

export async function ping(host: Host): Promise<boolean> {
  return (await engine(host, '/_ping', { withinMs: 2_000 })) === 'OK';
}

export async function containers(host: Host): Promise<readonly ContainerSummary[]> {
  return JSON.parse(await engine(host, '/containers/json?all=1')) as ContainerSummary[];
}

export async function images(host: Host): Promise<readonly ImageSummary[]> {
  return JSON.parse(await engine(host, '/images/json')) as ImageSummary[];
}

/** Pulls an image. The Engine answers 200 and tells a failure at the end of its report. */
export async function pull(host: Host, image: string): Promise<void> {
  const report = await engine(host, `/images/create?fromImage=${encodeURIComponent(image)}`, { method: 'POST' });
  const failure = /"error":"([^"]*)"/.exec(report)?.[1];
  if (failure !== undefined) throw new Error(`Cannot pull ${image} on ${host.name}: ${failure}`);
}

/** Runs the docker command against the Engine of a host. */
export async function docker(host: Host, ...args: readonly string[]): Promise<string> {
  return await run('docker', ['-H', `unix://${host.dockerSocket}`, ...args]);
}
