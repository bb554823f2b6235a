/** `metric`: a number that an address answers with, as it is written and as it is meant. */
import { z } from 'zod';
import { durationText } from '../../rollout/durations.ts';
import type { AskedFrom, Limits, Metric } from '../../rollout/metric.ts';
import { isMapping } from '../values.ts';
import { each, field, type Leaf, Misfit, requiredField } from './field.ts';
import { duration, durationAboveZero, numberIn, oneOf, secretLine, text, word } from './leaves.ts';

const DEFAULT_EVERY_MS = 5_000;

const address: Leaf<string> = {
  says: 'an address such as "http://prometheus:9090"',
  parse: (value) => {
    const written = text.parse(value);
    if (typeof written !== 'string') return written;
    const url = URL.canParse(written) ? new URL(written) : undefined;
    if (!url || !/^https?:\/\/\S+$/.test(written)) return new Misfit();
    return url.username + url.password === '' ? written : new Misfit('a login belongs into headers, as Authorization');
  },
};

const place: Leaf<readonly string[]> = {
  says: 'a path such as "data.errors", or a list of its keys',
  item: 'a key',
  parse: (value) => {
    if (Array.isArray(value)) return value.length === 0 ? new Misfit() : each<unknown, string>(value, word);
    const written = text.parse(value);
    return typeof written === 'string' ? written.split('.') : written;
  },
};

const headers: Leaf<Readonly<Record<string, string>>> = {
  says: 'a mapping of names of headers to values of one line',
  item: 'text on one line',
  isSecret: true,
  parse: (value) => {
    if (!isMapping(value)) return new Misfit();
    const entries = Object.entries(value);
    const odd = entries.find(([name]) => !/^[\w-]+$/.test(name));
    if (odd) return new Misfit(`${JSON.stringify(odd[0])} is no name of a header`);
    const read = each<[string, unknown], string>(
      entries,
      ([, item]) => secretLine(item),
      ([name]) => name,
    );
    const texts = read.filter((one) => typeof one === 'string');
    if (texts.length < read.length) return read.filter((one) => one instanceof Misfit);
    return Object.fromEntries(entries.map(([name], index) => [name.toLowerCase(), texts[index] ?? '']));
  },
};

const limit: Leaf<number> = {
  says: 'a number such as 0.5',
  parse: (value) => {
    const number = numberIn(value);
    return number !== undefined && Number.isFinite(number) ? number : new Misfit();
  },
};

const asked = {
  url: requiredField(address, {
    description: 'What is asked, by GET. With `query` that of Prometheus, without `/api/v1/query`.',
  }),
  query: field(text, { description: 'An instant query of Prometheus that has one series.' }),
  json: field(place, {
    description: 'Where in an answer of JSON the number is. Without it and `query` the answer is the number.',
  }),
  headers: field(headers, { description: 'Headers of the question, such as `Authorization`; told to nobody.' }),
  above: field(limit, { description: 'The number must be greater than this.' }),
  below: field(limit, { description: 'The number must be smaller than this.' }),
  equals: field(limit, { description: 'The number must be this.' }),
  every: field(durationAboveZero, { description: 'Time between two looks.', default: '5s' }),
};

type WrittenMetric = z.infer<z.ZodObject<typeof asked>>;

/** Something to wait for: it must be right for a time. */
export const gateMetricSchema = z
  .strictObject({
    ...asked,
    for: field(duration, { description: 'How long it must have been right, without a break.', default: '0s' }),
  })
  .superRefine(onlyPossible);

/** Something to watch. */
export const watchedMetricSchema = z
  .strictObject({
    where: field(oneOf(['controller', 'host'] as const), {
      description: "From where it is asked: the controller, or the instance's host.",
      default: 'controller',
    }),
    ...asked,
  })
  .superRefine(onlyPossible);

function onlyPossible(written: WrittenMetric, context: z.RefinementCtx): void {
  const { query, json, above, below, equals } = written;
  const complain = (key: keyof WrittenMetric, message: string): void => {
    context.addIssue({ code: 'custom', path: [key], message, input: written });
  };
  if (query !== undefined && json !== undefined) complain('json', 'stands beside query, whose answer is known');
  // What is a template still is undefined here, and looked at once it is rendered.
  const isSaid = (['above', 'below', 'equals'] as const).some((key) => Object.hasOwn(written, key));
  if (!isSaid) complain('above', 'is required, or below, or equals');
  if (equals !== undefined && (above !== undefined || below !== undefined)) complain('equals', 'stands alone');
  if (above !== undefined && below !== undefined && above >= below) {
    complain('below', `is no more than above, ${above}: no number is right`);
  }
}

export function metricOf(written: WrittenMetric): Metric {
  const { url, query, json, headers: told = {}, above, below, equals, every = DEFAULT_EVERY_MS } = written;
  const limits: Limits = {
    ...(above !== undefined && { above }),
    ...(below !== undefined && { below }),
    ...(equals !== undefined && { equals }),
  };
  const shownUrl = withoutValues(url);
  return {
    url: shownUrl,
    ...(query !== undefined && { query }),
    ...(json !== undefined && { json }),
    ...{ limits, everyMs: every, spec: { ...(shownUrl !== url && { url }), headers: told } },
  };
}

/** Parameters may hold secrets, such as `token=…`. */
function withoutValues(url: string): string {
  return url.replace(/\?.*$/, (parameters) => parameters.replaceAll(/=[^&#]*/g, '=…'));
}

export function watchedMetricOf(
  written: z.infer<typeof watchedMetricSchema> | undefined,
): { readonly metric: Metric & { readonly where: AskedFrom } } | undefined {
  return written && { metric: { ...metricOf(written), where: written.where ?? 'controller' } };
}

/** Why a gate of these times can never be passed, or undefined. */
export function neverLongEnough(
  {
    for: forMs = 0,
    every = DEFAULT_EVERY_MS,
  }: { readonly for?: number | undefined; readonly every?: number | undefined },
  timeoutMs: number,
): string | undefined {
  if (forMs === 0 || forMs + every < timeoutMs) return undefined;
  const times = `is ${durationText(forMs)}, looked at every ${durationText(every)}`;
  return `${times}, and the timeout of the hook ${durationText(timeoutMs)}: it could never pass`;
}
