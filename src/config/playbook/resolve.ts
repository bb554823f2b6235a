import { Failure } from '../../errors.ts';
import type { HostPlay, Play } from '../../rollout/play.ts';
import { ComposeFiles } from '../compose/project.ts';
import { type DocumentPath, failureOf, type YamlDocument } from '../document.ts';
import { saysHowReached } from '../inventory/connection.ts';
import { type HostSurroundings, hostScope, surroundingsIn } from '../inventory/host-scope.ts';
import { placeText, type Inventory, type InventoryHost, type Vars } from '../inventory/inventory.ts';
import type { Secrets } from '../../rollout/secret.ts';
import { selectHosts } from '../inventory/patterns.ts';
import { Scope } from '../template.ts';
import { complaintAbout, mergedAcrossHosts, type Problem } from './complaints.ts';
import type { Environment } from './container-leaves.ts';
import { DeployedPace } from './deployed-pace.ts';
import { exposedIn, noteSecretsOf } from './known-secrets.ts';
import { mixedUp, sameNames } from './hook-rules.ts';
import { hooksOf, ownHooks } from './hooks.ts';
import { inOrder } from './host-order.ts';
import { type Fronted, HostResolver } from './host-resolver.ts';
import { atOnceOf, maxFailPercentageOf, policyOf, serialOf } from './policy.ts';
import { Problems } from './problems.ts';
import type { WrittenPlay, WrittenPlaybook } from './read.ts';
import { paceSchema } from './pace-schema.ts';
import { tagsSchema } from './schema.ts';
import { isSelected, type TagSelection } from './tags.ts';

/** What the command line asks for. */
export interface Selection extends TagSelection {
  /** A pattern; hosts that it does not match are left out. */
  readonly limit?: string;
  readonly extraVars: Vars;
  readonly whereOfExtraVar?: (variable: string) => string | undefined;
  /** What `order: shuffle` depends on: the same text, the same order. */
  readonly shuffleBy?: string;
  readonly secrets?: Secrets;
  /** Where the playbook is, for templates. */
  readonly playbookDir?: string;
  /** For `environment` keys without a value; the environment of this process unless given. */
  readonly controller?: Environment;
}

/**
 * Fills in a playbook for the hosts of an inventory. Plays, hosts and apps that the selection leaves nothing of are
 * left out.
 *
 * @throws Failure 'config' with everything that is wrong on any host, or when nothing is selected
 */
export function resolvePlays(playbook: WrittenPlaybook, inventory: Inventory, selection: Selection): readonly Play[] {
  return resolvePlaybook(playbook, inventory, selection).flatMap(({ play }) => (play ? [play] : []));
}

/** The same, with what the configuration of the HAProxys is made of. */
export function resolvePlaybook(
  playbook: WrittenPlaybook,
  inventory: Inventory,
  selection: Selection,
): readonly ResolvedPlay[] {
  const { limit } = selection;
  const fleet: Fleet = {
    inventory,
    selection,
    document: playbook.document,
    files: new ComposeFiles(),
    groups: Object.fromEntries(inventory.groups),
    around: surroundingsIn(inventory, { secrets: selection.secrets, folder: selection.playbookDir }),
    within: limit === undefined ? undefined : new Set(selectHosts(inventory, limit)),
  };
  const known = playbook.problems ?? [];
  const resolved = playbook.plays.flatMap((play, index) => {
    const sound = soundPartOf(
      play,
      known.filter(({ path: [of] }) => of === index).map(({ path }) => path),
    );
    return sound ? [{ ...resolvePlay(sound, index, fleet), index }] : [];
  });
  const exposed = exposedBy(resolved, selection.secrets);
  const problems = [...known, ...resolved.flatMap((it) => it.problems), ...mixedUp(resolved), ...exposed];
  if (problems.length > 0) throw failureOf(problems.map((it) => complaintAbout(playbook.document, it)));
  const plays = resolved.filter(({ play }) => play && play.hosts.length > 0);
  if (plays.length > 0) return plays;
  const tags = new Set(resolved.flatMap((one) => one.tags));
  throw new Failure('config', `Cannot roll out ${playbook.document.file}: ${whyNothing(selection, tags)}`);
}

/** Where secrets stand that must not; all are known once everything is filled in. */
function exposedBy(resolved: readonly ResolvedPlay[], secrets: Secrets | undefined): readonly Problem[] {
  if (!secrets) return [];
  noteSecretsOf(
    resolved.flatMap(({ play }) => play ?? []),
    secrets,
  );
  return resolved.flatMap(({ fronted }) => mergedAcrossHosts(exposedIn(fronted, secrets)));
}

function whyNothing({ limit, tags, skipTags }: Selection, known: ReadonlySet<string>): string {
  const options = [
    ...(limit === undefined ? [] : [`--limit ${JSON.stringify(limit)}`]),
    ...(tags.length === 0 ? [] : [`--tags ${tags.join(',')}`]),
    ...(skipTags.length === 0 ? [] : [`--skip-tags ${skipTags.join(',')}`]),
  ];
  if (options.length === 0) return 'it selects nothing: no host has an instance of its apps';
  const hint = known.size === 0 ? 'no app has tags' : `its tags are ${[...known].toSorted().join(', ')}`;
  const isAboutTags = tags.length + skipTags.length > 0;
  return `${options.join(' ')} selects nothing${isAboutTags ? ` (${hint})` : ''}`;
}

interface Fleet {
  readonly inventory: Inventory;
  readonly selection: Selection;
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly document: YamlDocument;
  readonly files: ComposeFiles;
  readonly around: HostSurroundings;
  /** The hosts of `limit`. */
  readonly within: ReadonlySet<string> | undefined;
}

/** A play without its wrong keys and apps, which leaves the others where they stand. */
interface SoundPart {
  readonly play: WrittenPlay;
  readonly wrongApps: ReadonlySet<number>;
}

/** Keys that nothing of a play can be looked at without. */
const FRAME: readonly unknown[] = ['hosts', 'vars', 'balancer'];

/** What does not depend on what is wrong at these places; undefined when all of it does. */
function soundPartOf(play: WrittenPlay, wrong: readonly DocumentPath[]): SoundPart | undefined {
  if (wrong.some(([, key, app]) => FRAME.includes(key) || (key === 'apps' && app === undefined))) return undefined;
  const keys = wrong.flatMap(([, key]) => (key === 'apps' ? [] : [key]));
  const sound = Object.fromEntries(Object.entries(play).filter(([key]) => !keys.includes(key)));
  const wrongApps = wrong.flatMap(([, key, app]) => (key === 'apps' && typeof app === 'number' ? [app] : []));
  return { play: { ...sound, apps: play.apps }, wrongApps: new Set(wrongApps) };
}

export interface ResolvedPlay {
  readonly play?: Play;
  readonly fronted: readonly Fronted[];
  /** The variables of a host as the templates of this play see them, with others that are stronger. */
  readonly scopeOf: (host: InventoryHost, more: Vars) => Scope;
  /** Of all of its apps, to tell a mistyped `--tags`. */
  readonly tags: readonly string[];
  readonly problems: readonly Problem[];
}

function resolvePlay({ play, wrongApps }: SoundPart, index: number, fleet: Fleet): ResolvedPlay {
  const { extraVars, playbookDir } = fleet.selection;
  const folder = playbookDir === undefined ? {} : { playbook_dir: playbookDir };
  const vars = { ...varsOf(play), ...extraVars, ...folder, groups: fleet.groups };
  const whereOf = whereIn(play, index, fleet);
  const scope = new Scope(vars, { ...fleet.around, whereOf });
  const note = new Problems();
  const pace = note.parse(paceSchema, paceOf(play), { scope, at: [index] });
  for (const name of Object.keys(varsOf(play)).filter(saysHowReached)) {
    note.add({
      path: [index, 'vars', name],
      message: 'says how a host is reached: write it in the inventory, or give it with -e',
    });
  }
  for (const problem of sameNames(hooksOf(pace?.hooks), [index])) note.add(problem);
  const chosen =
    pace &&
    hostsOf(pace.hosts, fleet, (message) => {
      note.add({ path: [index, 'hosts'], message });
    });
  const hosts = inOrder(chosen ?? [], pace?.order ?? 'inventory', fleet.selection.shuffleBy ?? '');
  const tagged = play.apps.flatMap((app, number) => {
    const at = [index, 'apps', number];
    if (wrongApps.has(number)) return [];
    return [{ app, at, tags: note.parse(tagsSchema, { tags: app['tags'] }, { scope, at })?.tags ?? [] }];
  });
  const apps = tagged.filter(({ tags }) => isSelected(tags, fleet.selection));
  const tags = tagged.flatMap((it) => it.tags);
  const controller = fleet.selection.controller ?? process.env;
  const deployed = pace && new DeployedPace(pace);
  const resolver = new HostResolver({
    ...{ play, at: [index], apps, vars, whereOf, deployed, batchBy: pace?.batch_by },
    // Balancers are found whatever --limit says: it is about what is rolled out.
    select: (pattern, complain) => selected(pattern, fleet.inventory, complain),
    ...{ around: fleet.around, secrets: fleet.selection.secrets, controller },
    ...{ folder: playbookDir ?? '', files: fleet.files },
    placeOf: (path) => ({ file: fleet.document.file, ...fleet.document.at(path) }),
  });
  const resolved = hosts.map((host) => resolver.resolve(host));
  const problems = [...note.all, ...mergedAcrossHosts(resolver.problems)];
  const { fronted } = resolver;
  const scopeOf = (host: InventoryHost, more: Vars): Scope =>
    hostScope(host, { ...vars, ...more }, { ...fleet.around, whereOf });
  if (!deployed || problems.length > 0) return { tags, problems, fronted, scopeOf };
  const filled = resolved.filter(({ instances }) => instances.length > 0);
  return { tags, problems, fronted, scopeOf, play: playOf(filled, deployed) };
}

function playOf(hosts: readonly HostPlay[], { pace, back }: DeployedPace): Play {
  const atOnce = atOnceOf(pace);
  return {
    name: pace.name ?? pace.hosts,
    hosts,
    serial: serialOf(pace),
    ...(atOnce && { atOnce }),
    maxFailPercentage: maxFailPercentageOf(pace),
    policy: policyOf(pace),
    ...(pace.hooks && { hooks: hooksOf(pace.hooks) }),
    ...(back && { back }),
    ...(pace.registries && { registries: pace.registries }),
  };
}

function varsOf(play: WrittenPlay): Vars {
  return (play['vars'] ?? {}) as Vars;
}

/** Where the variables were written that stand over those of the inventory. */
function whereIn(play: WrittenPlay, index: number, { document, selection }: Fleet) {
  return (variable: string): string | undefined => {
    if (Object.hasOwn(selection.extraVars, variable)) return selection.whereOfExtraVar?.(variable);
    if (!Object.hasOwn(varsOf(play), variable)) return undefined;
    return placeText({ file: document.file, ...document.at([index, 'vars', variable], 'key') });
  };
}

function paceOf(play: WrittenPlay): Record<string, unknown> {
  const keys = Object.keys(paceSchema.shape);
  return { ...Object.fromEntries(keys.map((key) => [key, play[key]])), hooks: ownHooks(play['hooks']) };
}

function hostsOf(pattern: string, fleet: Fleet, complain: (message: string) => void): InventoryHost[] {
  const names = selected(pattern, fleet.inventory, complain) ?? [];
  return names
    .filter((name) => fleet.within?.has(name) ?? true)
    .map((name) => fleet.inventory.hosts.get(name) ?? { name, vars: {}, groups: [] });
}

/** The hosts of a pattern; undefined when it is none, which is complained about. */
function selected(
  pattern: string,
  inventory: Inventory,
  complain: (why: string) => void,
): readonly string[] | undefined {
  try {
    return selectHosts(inventory, pattern);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    complain(error.message.replace(/^Cannot select hosts: /, ''));
    return undefined;
  }
}
