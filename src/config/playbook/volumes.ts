import type { Mount } from '../../rollout/container-spec.ts';
import { isMapping } from '../values.ts';
import { each, type Leaf, Misfit, textOf } from './field.ts';
import { boolean, numberIn, text } from './leaves.ts';
import { size } from './resource-leaves.ts';

const VOLUME = /^(\/[^:\0\n\r]*|[a-zA-Z0-9][a-zA-Z0-9_.-]*):(\/[^:\0\n\r]*)(?::([a-zA-Z,]+))?$/;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const PATH = /^\/[^:\0\n\r]*$/;
const propagations = ['shared', 'slave', 'private', 'rshared', 'rslave', 'rprivate'];
const volumeModes = new Set(['ro', 'rw', 'z', 'Z', 'nocopy', 'cached', 'delegated', 'consistent', ...propagations]);

const RELATIVE = 'a path of the host must be absolute: the containers run on other machines';

export const volumes: Leaf<readonly (string | Mount)[]> = {
  says: 'a list of volumes such as "/srv/data:/data:ro" or "cache:/cache"',
  item: 'a volume such as "/srv/data:/data:ro" or "cache:/cache"',
  parse: (value) => (Array.isArray(value) ? each<unknown, string | Mount>(value, volume) : new Misfit()),
};

function volume(value: unknown): string | Mount | Misfit {
  if (isMapping(value)) return longVolume(value);
  const written = text.parse(value);
  if (typeof written !== 'string') return new Misfit();
  if (/^[.~]/.test(written)) return new Misfit(RELATIVE);
  // A volume without a name.
  if (PATH.test(written)) return written;
  const [, , , modes] = VOLUME.exec(written) ?? [];
  if (!VOLUME.test(written)) return new Misfit();
  const unknown = (modes?.split(',') ?? []).find((mode) => !volumeModes.has(mode));
  return unknown === undefined ? written : new Misfit(`"${unknown}" is no mode`);
}

type Mapping = Readonly<Record<string, unknown>>;

const common = ['type', 'source', 'target', 'read_only', 'consistency'];
const kinds: Readonly<Record<string, (value: Mapping, parts: Parts) => string | Mount | Misfit>> = {
  bind: longBind,
  volume: longNamed,
  tmpfs: longTmpfs,
};

interface Parts {
  readonly source: string;
  readonly target: string;
  readonly isReadOnly: boolean;
}

function longVolume(value: Mapping): string | Mount | Misfit {
  const kind = textOf(value['type']);
  const read = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (!read) return new Misfit(`the type is bind, volume or tmpfs, not ${kind === '' ? 'left out' : `"${kind}"`}`);
  const unknown = Object.keys(value).find((key) => !common.includes(key) && key !== kind);
  if (unknown !== undefined) return new Misfit(`"${unknown}" is no known key of a ${kind}`);
  const target = textOf(value['target']);
  if (!PATH.test(target)) return new Misfit('its target is an absolute path in the container, without ":"');
  const isReadOnly = value['read_only'] === undefined ? false : boolean.parse(value['read_only']);
  if (typeof isReadOnly !== 'boolean') return new Misfit('read_only is true or false');
  return read(value, { source: textOf(value['source']), target, isReadOnly });
}

/** `key` as a mapping that has nothing but these keys. */
function within(value: Mapping, key: string, known: readonly string[]): Mapping | Misfit {
  const inner = value[key] ?? {};
  if (!isMapping(inner)) return new Misfit(`"${key}" is a mapping`);
  const unknown = Object.keys(inner).find((it) => !known.includes(it));
  return unknown === undefined ? inner : new Misfit(`"${key}.${unknown}" is no known key`);
}

function longBind(value: Mapping, { source, target, isReadOnly }: Parts): string | Mount | Misfit {
  const bind = within(value, 'bind', ['propagation', 'create_host_path', 'selinux']);
  if (bind instanceof Misfit) return bind;
  if (/^[.~]/.test(source)) return new Misfit(RELATIVE);
  if (!PATH.test(source)) return new Misfit('its source is an absolute path of the host, without ":"');
  const { propagation, create_host_path: creates = true, selinux } = bind;
  const modes = [...(isReadOnly ? ['ro'] : []), ...[propagation, selinux].filter((it) => it !== undefined).map(textOf)];
  const unknown = modes.find((mode) => !volumeModes.has(mode));
  if (unknown !== undefined) return new Misfit(`"${unknown}" is no mode`);
  if (creates === true || creates === 'true') return bindText(source, target, modes);
  if (modes.some((mode) => mode !== 'ro')) return new Misfit('propagation and selinux need create_host_path');
  return { kind: 'bind', source, target, isReadOnly };
}

function longNamed(value: Mapping, { source, target, isReadOnly }: Parts): string | Mount | Misfit {
  const options = within(value, 'volume', ['nocopy', 'subpath']);
  if (options instanceof Misfit) return options;
  const { nocopy, subpath } = options;
  const modes = [...(isReadOnly ? ['ro'] : []), ...(nocopy === true || nocopy === 'true' ? ['nocopy'] : [])];
  if (source === '') {
    const isPlain = modes.length === 0 && subpath === undefined;
    return isPlain ? target : new Misfit('a volume without a source has no options');
  }
  if (!NAME.test(source)) return new Misfit(`"${source}" is no name for a volume`);
  if (subpath === undefined) return bindText(source, target, modes);
  if (modes.includes('nocopy')) return new Misfit('nocopy does not go with subpath');
  return { kind: 'volume', source, target, isReadOnly, subpath: textOf(subpath) };
}

function longTmpfs(value: Mapping, { source, target, isReadOnly }: Parts): Mount | Misfit {
  const options = within(value, 'tmpfs', ['size', 'mode']);
  if (options instanceof Misfit) return options;
  if (source !== '' || isReadOnly) return new Misfit('a tmpfs has no source, and is not read-only');
  const { size: written, mode } = options;
  const sizeBytes = written === undefined ? undefined : size.parse(written);
  if (sizeBytes !== undefined && typeof sizeBytes !== 'number') return new Misfit(`its size is ${size.says}`);
  const bits = mode === undefined ? undefined : modeIn(mode);
  if (Number.isNaN(bits)) return new Misfit('its mode is a number such as 01777');
  return { kind: 'tmpfs', target, sizeBytes, mode: bits };
}

/** YAML reads `01777` as a number already; as text it is octal too. NaN for what is no mode. */
export function modeIn(value: unknown): number {
  if (typeof value === 'string')
    return /^(?:0o?)?[0-7]{1,5}$/.test(value) ? parseInt(value.replace(/^0o/, ''), 8) : NaN;
  const found = numberIn(value);
  return found !== undefined && Number.isSafeInteger(found) && found >= 0 && found <= 0o7777 ? found : NaN;
}

function bindText(source: string, target: string, modes: readonly string[]): string {
  return [source, target, ...(modes.length > 0 ? [modes.join(',')] : [])].join(':');
}

/** Target to options. */
export const tmpfs: Leaf<Readonly<Record<string, string>>> = {
  says: 'a path, or a list of paths, such as "/run" or "/run:size=64m,mode=1777"',
  item: 'a path such as "/run" or "/run:size=64m,mode=1777"',
  parse: (value) => {
    const read = each<unknown, readonly [string, string]>(Array.isArray(value) ? value : [value], (item) => {
      const [, path, options = ''] = /^(\/[^:\0\n\r]*)(?::([\w=,.%-]*))?$/.exec(textOf(item)) ?? [];
      return path === undefined ? new Misfit() : [path, options];
    });
    if (read.some((it) => it instanceof Misfit)) return Array.isArray(value) ? (read as Misfit[]) : new Misfit();
    return Object.fromEntries(read as readonly (readonly [string, string])[]);
  },
};
