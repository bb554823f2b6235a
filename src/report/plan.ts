import { imageChange } from '../rollout/image-change.ts';
import { durationText } from '../rollout/durations.ts';
import { keepsContainer, sameServer, serverPath, type Instance, type Switching } from '../rollout/model.ts';
import type { SettingChange } from '../rollout/observed.ts';
import { unitsOf } from '../rollout/company.ts';
import { THE_HOST } from '../rollout/maintenance.ts';
import {
  hasChangesIn,
  hasChangesOn,
  instancesOf,
  type Action,
  type HostPlan,
  type InstancePlan,
  type PlayPlan,
  type ServerPlan,
  type Staying,
} from '../rollout/plan.ts';
import { count } from '../rollout/count.ts';
import { columns, shortDigest } from './columns.ts';
import { plannedHookLines, plannedMetricLines } from './hooks.ts';
import { rampText } from '../rollout/ramp.ts';
import type { Paint, Tone } from './paint.ts';

const actionWords: Readonly<Record<Action, readonly [string, Tone, string]>> = {
  create: ['+', 'good', 'create'],
  replace: ['~', 'warning', 'replace'],
  restart: ['~', 'warning', 'restart'],
  run: ['~', 'warning', 'run a command for'],
  remove: ['-', 'bad', 'remove'],
  leave: ['=', 'quiet', 'leave'],
};

interface PlanTextOptions {
  readonly paint: Paint;
  readonly diff: boolean;
  /** What may be shown of a change; all of it unless said. */
  readonly show?: (change: SettingChange) => SettingChange;
}

/** A play's plan, batch by batch, as `sluice plan` and the start of a rollout show it. */
export function planText(plan: PlayPlan, { paint, diff, show = (change) => change }: PlanTextOptions): string[] {
  const batches = plan.batches.flatMap(({ number, group, hosts }) => {
    const rows = hosts.flatMap((host): readonly Row[] => [
      ...frontRows(host),
      ...host.instances.map((one) => rowOf(one, unitOf(one, host))),
    ]);
    const names = hosts.map(({ host }) => host).join(', ');
    const title = `  batch ${number} of ${plan.batches.length}${group === undefined ? '' : `, ${group}`}: ${names}`;
    const texts = columns(rows.map(({ cells }) => cells));
    const lines = rows.flatMap(({ tone, changes }, index) => [
      paint(tone, `    ${texts[index] ?? ''}`),
      ...(diff ? diffLines(changes.map(show), paint) : []),
    ]);
    return [paint('strong', title), ...lines];
  });
  return [
    paint('strong', `Play: ${plan.name}`),
    ...atOnceLines(plan),
    ...pauseLines(plan),
    ...switchingLines(plan),
    ...batches,
    ...plannedHookLines(plan),
    ...plannedMetricLines(plan),
    ...loadLines(plan),
    ...capacityLines(plan),
    totals(plan),
  ];
}

function atOnceLines({ atOnce }: PlayPlan): string[] {
  if (!atOnce) return [];
  const { perHost, inAll, window, isLockstep } = atOnce;
  const parts = [
    window !== undefined && `${count(window, 'host')} in a window`,
    perHost > 1 && `${perHost} instances of a host`,
    inAll !== undefined && `${count(inAll, 'instance')} in all`,
    isLockstep && 'the hosts of a batch in lockstep',
  ].filter((part) => part !== false);
  return [`  at once: ${parts.join(', ')}`];
}

/** Before what has nothing to do there is none. */
function pauseLines({ atOnce, batches, policy: { pause } }: PlayPlan): string[] {
  if (pause === 0 || batches.filter(hasChangesIn).length < 2) return [];
  const where =
    atOnce?.window === undefined ? 'between batches' : 'before each host that begins when another has ended';
  return [`  pause: ${pause === 'ask' ? pause : durationText(pause)} ${where}`];
}

/** How many are in work as one with it, itself too. */
function unitOf(plan: InstancePlan, { instances }: HostPlan): number {
  return unitsOf(instances).find((unit) => unit.includes(plan))?.length ?? 1;
}

/** What becomes of the two sets of each host, once for all that do alike. */
function switchingLines(plan: PlayPlan): string[] {
  const all = instancesOf(plan).filter(({ action, instance }) => action !== 'leave' && !instance.revert);
  const lines = all.flatMap(({ instance: { switching } }) => (switching ? [switchingText(switching)] : []));
  return [...new Set(lines)].flatMap((line) => line.split('\n'));
}

function switchingText({ order, keepMs }: Switching): string {
  const how =
    order === 'together' ? 'and serve before the first old one is drained' : 'then take over one after the other';
  const first = `  blue-green: all new containers of a host are started and proven first, ${how}`;
  if (keepMs === 0) return `${first}; the old ones stop at once`;
  const kept = `    kept: the old ones run on for ${durationText(keepMs)}, out of traffic: "sluice switch-back HOST" has them serve again`;
  const ends =
    '    after that, the next run on the host or "sluice restore --expired" stops them; this run does not wait for it';
  return [first, kept, ends].join('\n');
}

interface Row {
  readonly cells: readonly string[];
  readonly tone: Tone;
  readonly changes: readonly SettingChange[];
}

function rowOf(plan: InstancePlan, unit: number): Row {
  const { action, instance, servers, changes, stays } = plan;
  const [sign, tone] = actionWords[action];
  const standing = standingOf(servers, instance.host);
  const cells = [`${sign} ${instance.host}`, instance.container, imagesOf(plan), standing, settingsOf(plan, unit)];
  return { cells, tone, changes: [...changes, ...(stays?.changes ?? [])] };
}

/** The host as a whole, where it is taken out in front of its own HAProxy. */
function frontRows(plan: HostPlan): readonly Row[] {
  const { host, front } = plan;
  if (!front || !hasChangesOn(plan)) return [];
  const cells = [`~ ${host}`, THE_HOST, 'out of service first, back last', standingOf(front.seen, host), ''];
  return [{ cells, tone: 'warning', changes: [] }];
}

function standingOf(servers: readonly ServerPlan[], host: string): string {
  const balancers = new Set(servers.map(({ server }) => server.balancer.host));
  const texts = servers.map(({ server, weight, status, sessions }) => {
    const isElsewhere = server.balancer.host !== host || balancers.size > 1;
    const where = isElsewhere ? ` on ${server.balancer.host}` : '';
    return `${serverPath(server)}${where} weight ${weight} ${status} ${count(sessions, 'session')}`;
  });
  return texts.join(', ');
}

/** The command itself may hold secrets: the playbook has it. */
function onlyText({ run }: Instance): string {
  return run ? `${run.name} only, ${run.where === 'host' ? 'on the host' : 'in the container'}` : 'restart only';
}

function imagesOf({ action, from, to, instance }: InstancePlan): string {
  if (action === 'remove') return `${from?.reference ?? ''}, new then: gone again`;
  if (to.reference === 'nothing') return 'nothing there, nothing to change';
  const digest = shortDigest(to.digest ?? to.id);
  if (action === 'leave') return `${to.reference} (${digest}), nothing to change`;
  if (!from) return `${to.reference} (${digest}), new`;
  if (keepsContainer(instance))
    return `${from.reference} (${shortDigest(from.digest ?? from.id)}), ${onlyText(instance)}`;
  return `${imageChange(from.reference, to.reference)} (${shortDigest(from.digest ?? from.id)} → ${digest})`;
}

function settingsOf(plan: InstancePlan, unit: number): string {
  const {
    changes,
    stays,
    because,
    instance: { leaving, slot = '' },
  } = plan;
  const settings = changes.length === 0 ? because : `settings: ${changes.map(({ setting }) => setting).join(', ')}`;
  const how = plan.instance.switching && !plan.instance.revert ? 'blue-green' : 'start-first';
  const slots = leaving ? `${how}, slot ${leaving.name} → ${slot}` : '';
  const together = unit > 1 && !plan.instance.switching ? `all ${unit} at once` : '';
  return [slots, together, rampOf(plan), settings, ...stayingOf(stays)].filter((text) => text !== '').join('; ');
}

/** By the weights that come back: with two slots, those of the servers that the old container is behind. */
function rampOf({ action, servers, instance: { ramp, revert, leaving, servers: own } }: InstancePlan): string {
  if (!ramp || revert || action === 'leave') return '';
  const back = servers.filter(({ server }) => (leaving?.servers ?? own).some((one) => sameServer(one, server)));
  return rampText(
    back.map(({ weight }) => weight),
    ramp,
  );
}

/** What a rollout would change, and a restart does not. */
function stayingOf(stays: Staying | undefined): string[] {
  if (!stays) return [];
  const { image, changes } = stays;
  const names = changes.map(({ setting }) => setting).join(', ');
  return [
    ...(image ? [`image ${image.reference} (${shortDigest(image.digest ?? image.id)}) differs and stays`] : []),
    ...(names === '' ? [] : [`settings ${names} differ and stay`]),
  ];
}

function diffLines(changes: readonly SettingChange[], paint: Paint): string[] {
  return changes.flatMap(({ setting, from, to }) => [
    paint('bad', `        - ${setting}: ${from}`),
    paint('good', `        + ${setting}: ${to}`),
  ]);
}

function capacityLines({ capacity }: PlayPlan): string[] {
  const rows = capacity.map(({ host, backend, servers, usable, usableAtWorst, floor }) => [
    `    ${host} ${backend}`,
    `${usable} of ${servers} usable now`,
    `${usableAtWorst} at the worst moment`,
    `min_up ${floor}`,
  ]);
  return rows.length === 0 ? [] : ['  capacity:', ...columns(rows)];
}

/** What is sent to which hosts, a line for each image. */
function loadLines(plan: PlayPlan): string[] {
  const images = new Map<string, { readonly row: readonly string[]; readonly hosts: Set<string> }>();
  for (const { instance, action, to } of instancesOf(plan)) {
    if (!to.load || action === 'leave') continue;
    const size = `${Math.ceil(to.load.bytes / 1_000_000)} MB`;
    const row = [`    ${to.reference} (${shortDigest(to.id)})`, `${size} from ${to.load.from}`];
    const image = images.get(row.join()) ?? { row, hosts: new Set<string>() };
    images.set(row.join(), image);
    image.hosts.add(instance.host);
  }
  const rows = [...images.values()].map(({ row, hosts }) => [...row, `to ${[...hosts].join(', ')}`]);
  return rows.length === 0 ? [] : ['  to be loaded:', ...columns(rows)];
}

function totals({ batches }: PlayPlan): string {
  const actions = batches.flatMap(({ hosts }) =>
    hosts.flatMap(({ instances }) => instances.map(({ action }) => action)),
  );
  const of = (action: Action): number => actions.filter((one) => one === action).length;
  const others = (['remove', 'restart', 'run'] as const)
    .filter((action) => of(action) > 0)
    .map((action) => `${of(action)} to ${actionWords[action][2]}, `);
  return `  ${of('replace')} to replace, ${of('create')} to create, ${others.join('')}${of('leave')} to leave alone`;
}
