const MS_PER: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `500ms`, `30s`, `2m`, `1m30s` in milliseconds; undefined for anything else, a number without its unit too. */
export function readDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return undefined;
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (MS_PER[unit ?? ''] ?? 0), 0);
}

/** As it would be written in a playbook: `1h30m`, `90s` as `1m30s`, `0s`. */
export function durationText(ms: number): string {
  const units = [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
    ['ms', 1],
  ] as const;
  let left = Math.round(ms);
  const parts = units.map(([unit, size]) => {
    const number = Math.floor(left / size);
    left -= number * size;
    return number === 0 ? '' : `${number}${unit}`;
  });
  return parts.join('') || '0s';
}
