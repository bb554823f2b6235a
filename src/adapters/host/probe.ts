import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { reasonOf } from '../../errors.ts';
import { expectedText, isIn } from '../../rollout/expected.ts';
import type { Probe } from '../../rollout/model.ts';
import type { ProbeResult } from '../../runner/ports/ports.ts';
import type { Link } from '../link.ts';

/** Of an answer, no more than this is looked at. */
const BODY_LIMIT_BYTES = 256 * 1024;
const SHOWN_OF_BODY = 100;

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
    const why = whyNot(await answerOf(url, stream, { withinMs, wantsBody: probe.body !== undefined }), probe);
    return why === undefined ? { ok: true } : { ok: false, why: `${probe.url} ${why}` };
  } finally {
    stream.destroy();
  }
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What is missing in an answer, or undefined. */
function whyNot({ status, headers, body }: Answer, wanted: Extract<Probe, { kind: 'http' }>): string | undefined {
  const [lowest, highest] = wanted.status;
  if (status < lowest || status > highest) return `answers ${status}`;
  for (const [name, expected] of Object.entries(wanted.headers ?? {})) {
    const value = [headers[name]].flat().join(', ');
    if (headers[name] === undefined) return `answers without the header ${name}`;
    if (!isIn(expected, value)) return `answers with ${name}: ${value}, without ${expectedText(expected)}`;
  }
  if (!wanted.body || isIn(wanted.body, body)) return undefined;
  return `answers without ${expectedText(wanted.body)}: ${JSON.stringify(body.slice(0, SHOWN_OF_BODY))}`;
}

interface Asking {
  readonly withinMs: number;
  /** Without it, the answer is known by its head: what comes then may never end. */
  readonly wantsBody: boolean;
}

function answerOf(url: URL, stream: Duplex, { withinMs, wantsBody }: Asking): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(withinMs);
    const request = httpRequest({
      method: 'GET',
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, 'user-agent': 'sluice', connection: 'close' },
      createConnection: () => stream,
      signal,
    });
    const fail = (error: Error): void => {
      reject(signal.aborted ? new Error(`no answer within ${withinMs / 1000} s`) : error);
    };
    request.on('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      if (!wantsBody) {
        response.resume().on('error', () => undefined);
        resolve({ status, headers, body: '' });
        return;
      }
      const chunks: Buffer[] = [];
      let bytes = 0;
      const done = (): void => {
        resolve({ status, headers, body: Buffer.concat(chunks).toString('utf8') });
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes >= BODY_LIMIT_BYTES) done();
      });
      response.on('end', done).on('error', fail);
    });
    request.on('error', fail);
    request.end();
  });
}

function nameOf(probe: Remote): string {
  return probe.kind === 'http' ? probe.url : `${probe.host}:${probe.port}`;
}
