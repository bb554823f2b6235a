/** `hooks` of a play and of an app, as they are written and as they are meant. */
import { z } from 'zod';
import {
  batchPoints,
  hostPoints,
  instancePoints,
  placesAt,
  runPoints,
  type Hook,
  type HookPlace,
  type HookPoint,
  type Hooks,
} from '../../rollout/hooks.ts';
import { isMapping } from '../values.ts';
import { each, field, type Leaf, Misfit, requiredField } from './field.ts';
import { boolean, durationAboveZero, oneOf, secretLine, text } from './leaves.ts';
import { gateMetricSchema, metricOf, neverLongEnough } from './metric.ts';
import { probeCommand } from './probe.ts';

const DEFAULT_TIMEOUT_MS = 60_000;

export const hookCommand: Leaf<readonly string[]> = {
  ...probeCommand,
  says: 'a command for /bin/sh, or a list of its words',
};

/** Its own variables are nobody else's to set. */
const environment: Leaf<Readonly<Record<string, string>>> = {
  says: 'a mapping of names to values of one line',
  item: 'text on one line',
  isSecret: true,
  parse: (value) => {
    if (!isMapping(value)) return new Misfit();
    const odd = Object.keys(value).find((name) => !/^[A-Za-z_]\w*$/.test(name) || name.startsWith('SLUICE_'));
    if (odd !== undefined) {
      return new Misfit(`${JSON.stringify(odd)} is ${odd.startsWith('SLUICE_') ? "sluice's own" : 'no name for one'}`);
    }
    const entries = Object.entries(value);
    const read = each<(typeof entries)[number], string>(
      entries,
      ([, item]) => (item === '' ? '' : secretLine(item)),
      ([name]) => name,
    );
    const texts = read.filter((it) => typeof it === 'string');
    if (texts.length < read.length) return read.filter((it) => it instanceof Misfit);
    return Object.fromEntries(entries.map(([name], index) => [name, texts[index] ?? '']));
  },
};

function hookSchemaWith(places: readonly HookPlace[]) {
  return plainHookSchema(places).superRefine(eitherCommandOrGate);
}

function plainHookSchema(places: readonly HookPlace[]) {
  return z.strictObject({
    name: requiredField(text, { description: 'What it is called; not twice in one list.' }),
    command: field(hookCommand, {
      description: 'What is run. A string is for `/bin/sh`.',
      otherwise: '**required**, or `metric`',
    }),
    metric: gateMetricSchema.optional().meta({
      description:
        'A gate: instead of a command, a number that is waited for until it is right, for `timeout` at most.',
    }),
    where: requiredField(oneOf(places), {
      description:
        'Where it runs, or from where it asks. `host`: that of the instance; of hooks that are not about one host, the first of the batch, or of the play. `old_container` is there in `before_instance`, and with `start-first` in `before_traffic`; `new_container` in `before_traffic` and `after_instance`. A gate asks from `controller` or `host`.',
    }),
    timeout: field(durationAboveZero, { description: 'Then it is ended, and has failed.', default: '60s' }),
    on_failure: field(oneOf(['fail', 'ignore'] as const), {
      description: '`ignore`: that it failed is told, and nothing comes of it. What `fail` means tells docs/hooks.md.',
      default: 'fail',
    }),
    no_log: field(boolean, { description: 'Neither its command nor what it says is told.', default: 'false' }),
    env: field(environment, {
      description: 'Variables for its environment, beside `SLUICE_…`. Secrets belong here, not into `command`.',
      otherwise: 'none',
    }),
  });
}

function eitherCommandOrGate(written: WrittenHook, context: z.RefinementCtx): void {
  const complain = (path: readonly string[], message: string): void => {
    context.addIssue({ code: 'custom', path: [...path], message, input: written });
  };
  const { metric, where, timeout = DEFAULT_TIMEOUT_MS } = written;
  const isSaid = (key: keyof WrittenHook): boolean => Object.hasOwn(written, key);
  if (!isSaid('metric')) {
    if (!isSaid('command')) complain(['command'], 'is required, or metric');
    return;
  }
  for (const key of ['command', 'env', 'no_log'] as const) {
    if (isSaid(key)) complain([key], 'stands beside metric: it is for a hook that runs a command');
  }
  if (where === 'old_container' || where === 'new_container') {
    complain(['where'], 'a metric is asked from controller or host');
  }
  const never = neverLongEnough(metric ?? {}, timeout);
  if (never !== undefined) complain(['metric', 'for'], never);
}

/** Any hook, for the reference. */
export const hookSchema = hookSchemaWith(['controller', 'host', 'old_container', 'new_container']);

type WrittenHook = z.infer<ReturnType<typeof plainHookSchema>>;

const meanings: Readonly<Record<HookPoint, string>> = {
  before_run: 'Once, when the images are there, before anything else is done.',
  after_run: 'Once at the end, however that came.',
  on_failure: 'Once at the end of a run that has failed, before `after_run`.',
  before_batch: 'Before each batch that has something to do.',
  after_batch: 'After each of these.',
  before_host: 'Before the first instance of each host that has something to do.',
  after_host: 'After the last instance there.',
  before_instance: 'Before the instance is drained.',
  before_traffic: 'When the new container is ready, before it gets requests: to warm it up, or to try it out.',
  after_instance: 'When the instance has ended, however it did.',
};

function listAt(point: HookPoint) {
  return z
    .array(hookSchemaWith(placesAt[point]))
    .min(1)
    .optional()
    .meta({ says: 'a list of hooks, see below', description: meanings[point], otherwise: 'none' });
}

function schemaOf<Point extends HookPoint>(points: readonly Point[]) {
  const shape = Object.fromEntries(points.map((point) => [point, listAt(point)]));
  return z.strictObject(shape as Record<Point, ReturnType<typeof listAt>>);
}

const atPlays = [...runPoints, ...batchPoints] as const;

export const playHooksSchema = schemaOf([...atPlays, ...hostPoints]);
/** What is decided before there is a host. */
export const ownHooksSchema = schemaOf(atPlays);
export const hostHooksSchema = schemaOf(hostPoints);
export const instanceHooksSchema = schemaOf(instancePoints);

/** Of `hooks` as it is written, what stands at these points. */
export function writtenAt(points: readonly HookPoint[], hooks: unknown): unknown {
  if (!isMapping(hooks)) return undefined;
  return Object.fromEntries(Object.entries(hooks).filter(([point]) => points.some((one) => one === point)));
}

export function ownHooks(hooks: unknown): unknown {
  return writtenAt(atPlays, hooks);
}

/** Hooks with everything filled in. */
export function hooksOf<Point extends HookPoint>(
  written: Readonly<Partial<Record<Point, readonly WrittenHook[] | undefined>>> | undefined,
): Hooks<Point> | undefined {
  if (!written) return undefined;
  const lists = Object.entries<readonly WrittenHook[] | undefined>(written);
  const hooks = lists.flatMap(([point, list]) => (list ? [[point, list.map(hookOf)] as const] : []));
  return hooks.length === 0 ? undefined : (Object.fromEntries(hooks) as unknown as Hooks<Point>);
}

function hookOf({ name, command = [], metric, where, timeout, on_failure, no_log, env }: WrittenHook): Hook {
  const any = { name, timeoutMs: timeout ?? DEFAULT_TIMEOUT_MS, onFailure: on_failure ?? 'fail' };
  if (!metric) return { ...any, where, noLog: no_log ?? false, spec: { command, env: env ?? {} } };
  const gate = { ...metricOf(metric), forMs: metric.for ?? 0 };
  return { ...any, where: where === 'host' ? where : 'controller', gate };
}
