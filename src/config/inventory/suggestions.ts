/** ` (did you mean "fe1"?)`, or nothing where no known name is near. */
export function suggestion(name: string, known: Iterable<string>): string {
  const mostEdits = Math.max(name.length > 1 ? 1 : 0, Math.floor(name.length / 3));
  let best: { name: string; edits: number } | undefined;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > mostEdits) continue;
    const edits = editsBetween(name, candidate);
    if (edits <= mostEdits && edits < (best?.edits ?? Infinity)) best = { name: candidate, edits };
  }
  return best === undefined ? '' : ` (did you mean "${best.name}"?)`;
}

/** How many letters to add, drop, change or swap with their neighbour to get from one word to the other. */
export function editsBetween(from: string, to: string): number {
  const width = to.length + 1;
  const edits = Array.from({ length: (from.length + 1) * width }, (_, index) =>
    index < width ? index : index % width === 0 ? index / width : 0,
  );
  const at = (row: number, column: number): number => edits[row * width + column] ?? 0;
  for (let row = 1; row <= from.length; row += 1) {
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      edits[row * width + column] = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (isSame ? 0 : 1),
        isSwap ? at(row - 2, column - 2) + 1 : Infinity,
      );
    }
  }
  return at(from.length, to.length);
}
