/** Rows as text in columns, two blanks apart, each as wide as its widest cell; the last one is not padded. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** `0.4 s`, `12 s`, `2 min 05 s`. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

/** The first twelve characters of a digest or id, as Docker prints them; `sha256:` is left off. */
export function shortDigest(digest: string | undefined): string {
  return digest === undefined ? 'unknown' : digest.replace(/^sha256:/, '').slice(0, 12);
}

/** `2026-11-21 09:30:12`, as the clock on the wall of this machine has it. */
export function localTime(ts: string): string {
  const at = new Date(ts);
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, '0'));
  return `${day.join('-')} ${clockTime(ts)}`;
}

/** `09:30:12`, likewise. */
export function clockTime(ts: string): string {
  const at = new Date(ts);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
