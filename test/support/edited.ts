export type Change = readonly [found: string, by: string];

/** A text with some of its parts replaced, each of which must be there, the first time that it is. */
export function edited(text: string, changes: readonly Change[]): string {
  return changes.reduce((all, [found, by]) => {
    if (!all.includes(found)) throw new Error(`there is no "${found}"`);
    return all.replace(found, () => by);
  }, text);
}
