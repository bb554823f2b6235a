/** How a file is read. */
export type SourceKind = 'yaml' | 'yaml or ini' | 'ini' | 'toml';

export function isHostList(source: string): boolean {
  return source.includes(',');
}

/** By the extension, as in Ansible; a name without one may be either. */
export function kindOfFile(name: string): SourceKind {
  const extension = extensionOf(name);
  if (['.yml', '.yaml', '.json'].includes(extension)) return 'yaml';
  if (extension === '.toml') return 'toml';
  return extension === '' ? 'yaml or ini' : 'ini';
}

/**
 * Whether a file without an extension that has mistakes was meant as YAML. The first line that says something
 * tells: `---`, `{` or `key:`.
 */
export function looksLikeYaml(text: string): boolean {
  const first = text.split(/\r?\n/).find((line) => line.trim() !== '' && !/^\s*[#;]/.test(line));
  return first !== undefined && /^(?:---(?:\s|$)|%YAML|\{|["']?[\w.-]+["']?:(?:\s*(?:[#{].*)?$|\s+\{))/.test(first);
}

const ignoredEndings = '~ .pyc .pyo .swp .bak .rpm .md .txt .rst .orig .ini .cfg .retry'.split(' ');
const ignoredNames = ['group_vars', 'host_vars', 'vars_plugins'];

/** The entries of an inventory folder that are sources, in the order in which they are read. */
export function sourcesAmong(names: readonly string[]): string[] {
  return names
    .filter((name) => !name.startsWith('.') && !ignoredNames.includes(name))
    .filter((name) => !ignoredEndings.some((ending) => name.endsWith(ending)))
    .toSorted();
}

/** The entry of group_vars or host_vars that is for a group or host: the first of these names that is there. */
export function varsEntryOf(name: string, entries: ReadonlySet<string>): string | undefined {
  return ['', '.yml', '.yaml', '.json'].map((extension) => `${name}${extension}`).find((it) => entries.has(it));
}

/** The entries of a folder such as group_vars/web/ that are read, in order. */
export function varsFilesAmong(entries: readonly string[]): string[] {
  return entries
    .filter((name) => !name.startsWith('.') && !name.endsWith('~'))
    .filter((name) => ['', '.yml', '.yaml', '.json'].includes(extensionOf(name)))
    .toSorted();
}

function extensionOf(name: string): string {
  return /[^.](\.[^.]*)$/.exec(name)?.[1] ?? '';
}
