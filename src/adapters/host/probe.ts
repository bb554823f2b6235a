import { reasonOf } from '../../errors.ts';
import { expectedText, isIn } from '../../rollout/expected.ts';
import type { Probe } from '../../rollout/model.ts';
import type { ProbeResult } from '../../runner/ports/ports.ts';
import { httpGet, type HttpAnswer } from '../http-get.ts';
import type { Link } from '../link.ts';

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
  const question = { url: new URL(probe.url), withinMs, wantsBody: probe.body !== undefined };
  const why = whyNot(await httpGet((address, port) => link.openTcp(address, port), question), probe);
  return why === undefined ? { ok: true } : { ok: false, why: `${probe.url} ${why}` };
}

/** What is missing in an answer, or undefined. */
function whyNot({ status, headers, body }: HttpAnswer, wanted: Extract<Probe, { kind: 'http' }>): string | undefined {
  const [lowest, highest] = wanted.status;
  if (status < lowest || status > highest) return `answers ${status}`;
  for (const [name, expected] of Object.entries(wanted.headers ?? {})) {
    const value = [headers[name]].flat().join(', ');
    if (headers[name] === undefined) return `answers without the header ${name}`;
    if (!isIn(expected, value)) return `answers with ${name}: ${value}, without ${expectedText(expected)}`;
  }
  if (!wanted.body || isIn(wanted.body, body)) return undefined;
  const shown = body.length > SHOWN_OF_BODY ? `${body.slice(0, SHOWN_OF_BODY)}…` : body;
  return `answers without ${expectedText(wanted.body)}: ${JSON.stringify(shown)}`;
}

function nameOf(probe: Remote): string {
  return probe.kind === 'http' ? probe.url : `${probe.host}:${probe.port}`;
}
