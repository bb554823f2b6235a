import type {
  BalancerPlace,
  DrainPolicy,
  Instance,
  MinUp,
  MonitorPolicy,
  Probe,
  ReadyCheck,
  Strategy,
} from '../../rollout/model.ts';
import { balancerSchema } from './balancer-schema.ts';
import type { WholeContainer } from './container.ts';
import { hooksOf } from './hooks.ts';
import { keptStopped, switchingOf } from './keeping.ts';
import { watchedMetricOf } from './metric.ts';
import { rampOf } from './ramp.ts';
import { runCommandOf } from './run-command.ts';
import { specOf, type SpecSources } from './spec-of.ts';
import {
  defaultsOf,
  drainSchema,
  monitorSchema,
  policySchema,
  readySchema,
  type WrittenApp,
  type WrittenPolicy,
} from './schema.ts';

const defaults = {
  balancer: defaultsOf(balancerSchema),
  drain: defaultsOf(drainSchema),
  ready: defaultsOf(readySchema),
  monitor: defaultsOf(monitorSchema),
  policy: defaultsOf(policySchema),
};

/** An app with everything rendered, and what the play says for all of its apps. */
export interface Parts {
  readonly host: string;
  readonly app: WrittenApp;
  readonly container: WholeContainer;
  readonly play: WrittenPolicy;
  readonly sources: SpecSources;
  /** What the app, the play or the service says. */
  readonly strategy: Strategy;
  /** Where the HAProxys of its servers run. */
  readonly balancerHosts: readonly string[];
}

/** What an app says goes over what its play says, key by key. */
export function balancerOf(play: WrittenPolicy, app: WrittenApp): Partial<WrittenBalancer> {
  return { ...defaults.balancer, ...given(play.balancer), ...given(app.balancer) };
}

type WrittenBalancer = NonNullable<WrittenPolicy['balancer']>;

export function instanceOf({ host, app, container, play, sources, strategy, balancerHosts }: Parts): Instance {
  const balancer = balancerOf(play, app);
  const keep = app.keep ?? play.keep;
  return {
    host,
    container: app.name,
    servers: balancerHosts.flatMap((at) =>
      (balancer.backend ?? []).map((backend) => ({
        balancer: { host: at, ...placeOf(balancer) },
        backend,
        name: nameIn(backend, app),
      })),
    ),
    spec: specOf(container, sources),
    strategy,
    ...(strategy === 'blue-green' && { switching: switchingOf(keep, app.switch ?? play.switch ?? 'together') }),
    ...(strategy === 'run' && { run: runCommandOf(app.run ?? play.run) }),
    drain: drainPolicyOf(play.drain, app.drain),
    ready: readyCheckOf(app.ready ?? {}),
    ramp: rampOf(play.ramp, app.ramp),
    soakMs: app.soak ?? play.soak,
    monitor: monitorOf(container.deploy?.update_config?.monitor, [play.monitor, app.monitor]),
    keep: keptStopped(keep),
    minUp: balancer.min_up ?? ({ servers: 1 } satisfies MinUp),
    ...(app.hooks && { hooks: hooksOf(app.hooks) }),
  };
}

function nameIn(backend: string, { name, server = name }: Pick<WrittenApp, 'name' | 'server'>): string {
  if (typeof server === 'string') return server;
  return (Object.hasOwn(server, backend) ? server[backend] : undefined) ?? name;
}

/** A later one goes over those before it, key by key. */
export function drainPolicyOf(...written: readonly WrittenPolicy['drain'][]): DrainPolicy {
  const { timeout = 0, on_timeout: onTimeout = 'fail' } = written.reduce<NonNullable<WrittenPolicy['drain']>>(
    (before, one) => ({ ...before, ...given(one) }),
    defaults.drain,
  );
  return { timeoutMs: timeout, onTimeout };
}

export function placeOf({
  socket = '',
  master_socket: masterSocket,
  container,
}: Pick<WrittenBalancer, 'socket' | 'master_socket' | 'container'>): BalancerPlace {
  return {
    socket,
    ...(masterSocket !== undefined && { masterSocket }),
    ...(container !== undefined && { container }),
  };
}

/** `deployedMs`: what the service says, for as long as neither the play nor the app does. */
function monitorOf(
  deployedMs: number | undefined,
  [play, app]: readonly [WrittenPolicy['monitor'], WrittenPolicy['monitor']],
): MonitorPolicy | undefined {
  if (!play && !app && deployedMs === undefined) return undefined;
  const written = { ...defaults.monitor, ...given({ for: deployedMs }), ...given(play), ...given(app) };
  const { for: forMs = 0, every = 0, max_errors: maxErrors = { percent: 0 }, compare } = written;
  const { metric } = written;
  return forMs > 0 ? { forMs, everyMs: every, maxErrors, compare, ...watchedMetricOf(metric) } : undefined;
}

/** Without the keys that are left out, which would otherwise hide what they fall back to. */
function given<T extends object>(mapping: T | undefined): Partial<T> {
  const entries = Object.entries(mapping ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}

function readyCheckOf(written: NonNullable<WrittenApp['ready']>): ReadyCheck {
  const ready = { ...defaults.ready, ...given(written) };
  return { probe: probeOf(ready), withinMs: ready.within ?? 0, everyMs: ready.every ?? 0 };
}

function probeOf({ http, tcp, command, ...expected }: NonNullable<WrittenApp['ready']>): Probe | undefined {
  if (http !== undefined) {
    const { status = [200, 399], body, header: headers } = expected;
    return { kind: 'http', url: http, status, ...(body && { body }), ...(headers && { headers }) };
  }
  if (tcp !== undefined) return { kind: 'tcp', ...tcp };
  return command && { kind: 'command', command };
}
