/** A number that an address answers with: how it is asked for, how it is found in the answer, and whether it is right. */

/** Those that are there must all hold. */
export interface Limits {
  readonly above?: number | undefined;
  readonly below?: number | undefined;
  readonly equals?: number | undefined;
}

export interface Metric {
  /** To be shown: without the values of its parameters. */
  readonly url: string;
  /** In the language of Prometheus, whose address `url` is then: an instant query with one series. */
  readonly query?: string | undefined;
  /** Where in an answer of JSON the number stands. Neither this nor `query`: it is the whole answer. */
  readonly json?: readonly string[] | undefined;
  readonly limits: Limits;
  readonly everyMs: number;
  /** May hold secrets: like everything of that name it is in no event. */
  readonly spec: {
    /** What is asked; undefined: what is shown. */
    readonly url?: string;
    readonly headers: Readonly<Record<string, string>>;
  };
}

/** From where an address is asked. */
export type AskedFrom = 'controller' | 'host';

/** Text: why there is no number. It completes "http://… ". */
export type Reading = { readonly value: number } | { readonly why: string };

const QUERY_PATH = '/api/v1/query';

/** What is asked for: of Prometheus, its interface for queries of one moment. */
export function addressOf({
  url: shownUrl,
  query,
  spec,
}: Pick<Metric, 'url' | 'query'> & Partial<Pick<Metric, 'spec'>>): string {
  const url = spec?.url ?? shownUrl;
  if (query === undefined) return url;
  const address = new URL(url);
  const path = address.pathname.replace(/\/+$/, '');
  address.pathname = path.endsWith(QUERY_PATH) ? path : `${path}${QUERY_PATH}`;
  address.searchParams.set('query', query);
  return address.href;
}

export function isRight(value: number, { above, below, equals }: Limits): boolean {
  return (
    (above === undefined || value > above) &&
    (below === undefined || value < below) &&
    (equals === undefined || value === equals)
  );
}

/** `above 0 and below 0.5`, or `equal to 0`. */
export function limitsText({ above, below, equals }: Limits): string {
  const parts = [
    ['above', above],
    ['below', below],
    ['equal to', equals],
  ] as const;
  return parts.flatMap(([word, limit]) => (limit === undefined ? [] : [`${word} ${limit}`])).join(' and ');
}

/** For people: of a fraction six digits tell enough. */
export function numberText(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(6)));
}

/** What is asked, in one line: its query, or its address. */
export function metricText({ url, query, json }: Pick<Metric, 'url' | 'query' | 'json'>): string {
  return query ?? (json ? `${url} ${json.join('.')}` : url);
}

const GOOD_STATUS = /^2\d\d$/;
const SHOWN = 100;

/** The number in an answer. Only one that is finite is one: what is divided by nothing says nothing. */
export function readingOf(
  { query, json }: Pick<Metric, 'query' | 'json'>,
  { status, body }: { readonly status: number; readonly body: string },
): Reading {
  if (!GOOD_STATUS.test(String(status))) {
    const error = query === undefined ? undefined : at(parsed(body), ['error']);
    return { why: `answers ${status}${typeof error === 'string' ? `: ${shown(error)}` : ''}` };
  }
  if (query !== undefined) return seriesIn(parsed(body), body);
  if (json === undefined) return numberIn(body.trim(), 'answers');
  const answer = parsed(body);
  if (answer === undefined) return { why: `answers with no JSON: ${shown(body)}` };
  const found = at(answer, json);
  if (found === undefined) return { why: `answers with nothing at ${json.join('.')}` };
  return numberIn(found, `has at ${json.join('.')}`);
}

/** An instant vector of one series, or a scalar. */
function seriesIn(answer: unknown, body: string): Reading {
  const type = at(answer, ['data', 'resultType']);
  const result = at(answer, ['data', 'result']);
  if (at(answer, ['status']) !== 'success' || !Array.isArray(result))
    return { why: `answers not as Prometheus does: ${shown(body)}` };
  const warnings = at(answer, ['warnings']);
  if (Array.isArray(warnings) && warnings.length > 0) {
    return { why: `answers with a warning: ${shown(String(warnings[0]))}` };
  }
  if (type === 'scalar') return numberIn(result[1], 'answers with');
  if (type !== 'vector') return { why: `answers with a ${String(type)}: ask for one number of this moment` };
  if (result.length === 0) return { why: 'has no series for it ("… or vector(0)" makes that 0)' };
  if (result.length > 1) return { why: `has ${result.length} series for it: one is wanted, as of sum() or max()` };
  return numberIn(at(result, ['0', 'value', '1']), 'answers with');
}

function numberIn(found: unknown, says: string): Reading {
  const isText = typeof found === 'string' && /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(found);
  const value = typeof found === 'number' || isText ? Number(found) : NaN;
  if (Number.isFinite(value)) return { value };
  return { why: `${says} ${typeof found === 'string' ? shown(found) : kindOf(found)}, which is no number` };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return undefined;
    return (inner as Readonly<Record<string, unknown>>)[key];
  }, value);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : JSON.stringify(value);
}

function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}

/** Tells how long a number has been right without a break: whatever is not right, and what is no number, begins anew. */
export class Hold {
  readonly #limits: Limits;
  readonly #forMs: number;
  #sinceMs: number | undefined;

  constructor(limits: Limits, forMs: number) {
    this.#limits = limits;
    this.#forMs = forMs;
  }

  /** Takes in one look; whether it has been right for long enough. */
  see(reading: Reading, nowMs: number): boolean {
    if (!('value' in reading) || !isRight(reading.value, this.#limits)) {
      this.#sinceMs = undefined;
      return false;
    }
    this.#sinceMs ??= nowMs;
    return nowMs - this.#sinceMs >= this.#forMs;
  }

  /** How long it has been right by then, in milliseconds; undefined: it is not. */
  heldMs(nowMs: number): number | undefined {
    return this.#sinceMs === undefined ? undefined : nowMs - this.#sinceMs;
  }
}
