/** What `--tags` and `--skip-tags` ask for; both may be empty. */
export interface TagSelection {
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
}

/**
 * Whether an app with these tags is rolled out: Ansible's rules, with its special words `all`, `tagged` and
 * `untagged`. An app tagged `always` is left out only when skipped, one tagged `never` only runs when asked for.
 *
 * @see https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_tags.html
 */
export function isSelected(tags: readonly string[], selection: TagSelection): boolean {
  const own = new Set(tags.length === 0 ? ['untagged'] : tags);
  return isAskedFor(own, selection.tags) && !isSkipped(own, selection.skipTags);
}

function isAskedFor(own: ReadonlySet<string>, asked: readonly string[]): boolean {
  if (own.has('always') || asked.some((tag) => own.has(tag))) return true;
  if (own.has('never')) return false;
  if (asked.length === 0 || asked.includes('all')) return true;
  return asked.includes('tagged') && !own.has('untagged');
}

function isSkipped(own: ReadonlySet<string>, skipped: readonly string[]): boolean {
  if (skipped.some((tag) => own.has(tag))) return true;
  if (skipped.includes('all')) return !own.has('always');
  return skipped.includes('tagged') && !own.has('untagged');
}
