import { request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { reasonOf } from '../../errors.ts';
import type { Probe } from '../../rollout/model.ts';
import type { ProbeResult } from '../../runner/ports.ts';
import type { Link } from '../link.ts';

type Remote = Exclude<Probe, { kind: 'command' }>;

/** One probe over the link, as if made on the host itself. Whatever goes wrong is the probe's answer. */
export async function probeOver(link: Link, probe: Remote, withinMs: number): Promise<ProbeResult> {
  try {
    if (probe.kind === 'http') return await httpProbe(link, probe, withinMs);
    const stream = await link.openTcp(probe.host, probe.port);
    stream.destroy();
    return { ok: true };
  } catch (error) {
    return { ok: false, why: `${nameOf(probe)}: ${reasonOf(error)}` };
  }
}

async function httpProbe(link: Link, probe: Extract<Probe, { kind: 'http' }>, withinMs: number): Promise<ProbeResult> {
  const url = new URL(probe.url);
  const port = Number(url.port === '' ? 80 : url.port);
  const stream = await link.openTcp(url.hostname.replace(/^\[|\]$/g, ''), port);
  try {
    const status = await statusOf(url, stream, withinMs);
    const [lowest, highest] = probe.status;
    if (status >= lowest && status <= highest) return { ok: true };
    return { ok: false, why: `${probe.url} answers ${status}` };
  } finally {
    stream.destroy();
  }
}

function statusOf(url: URL, stream: Duplex, withinMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(withinMs);
    const request = httpRequest({
      method: 'GET',
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, 'user-agent': 'sluice', connection: 'close' },
      createConnection: () => stream,
      signal,
    });
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', (error) => {
      reject(signal.aborted ? new Error(`no answer within ${withinMs / 1000} s`) : error);
    });
    request.end();
  });
}

function nameOf(probe: Remote): string {
  return probe.kind === 'http' ? probe.url : `${probe.host}:${probe.port}`;
}
