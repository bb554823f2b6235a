/** Pure parsers of the runtime API's answers. Columns are found by their header: they differ by version. */

export type Row = ReadonlyMap<string, string>;

/** `show stat`: CSV with a header line `# pxname,svname,…`. A quoted field may hold commas, no newlines. */
export function parseStat(answer: string): Row[] {
  const [header, ...lines] = answer.split('\n').filter((line) => line !== '');
  if (!header?.startsWith('# pxname,')) return [];
  const names = header.slice(2).split(',');
  return lines.map((line) => new Map(csvFields(line).map((value, index) => [names[index] ?? '', value])));
}

function csvFields(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    (match) => match[1]?.replaceAll('""', '"') ?? match[2] ?? '',
  );
}

/** `show servers state`: a version line, a header `# be_id be_name …`, rows separated by blanks. */
export function parseServersState(answer: string): Row[] {
  const lines = answer.split('\n').filter((line) => line !== '');
  const header = lines.findIndex((line) => line.startsWith('# be_id '));
  if (header === -1) return [];
  const names = lines[header]?.slice(2).split(' ') ?? [];
  return lines
    .slice(header + 1)
    .map((line) => new Map(line.split(' ').map((value, index) => [names[index] ?? '', value])));
}

/** `show info`: lines `Name: value`. */
export function parseInfo(answer: string): Row {
  return new Map(
    answer.split('\n').flatMap((line): [string, string][] => {
      const colon = line.indexOf(': ');
      return colon === -1 ? [] : [[line.slice(0, colon), line.slice(colon + 2)]];
    }),
  );
}

/** `show proc` of the master: the ids of its workers, old ones too. */
export function parseProc(answer: string): number[] {
  return answer.split('\n').flatMap((line) => {
    const match = /^(\d+)\s+worker\s/.exec(line);
    return match ? [Number(match[1])] : [];
  });
}

/** The same: the version of the master itself, which is in the last column. */
export function parseMasterVersion(answer: string): string | undefined {
  return /^\d+\s+master\s.*\s(\d\S*)$/m.exec(answer)?.[1];
}

/** The same: reloads in a row that have failed. Undefined where it does not say (before 2.5). */
export function parseFailedReloads(answer: string): number | undefined {
  const match = /^\d+\s+master\s.*\[failed: (\d+)\]/m.exec(answer);
  return match ? Number(match[1]) : undefined;
}

/** `get weight b/s`: `50 (initial 100)`. Undefined for an error text. */
export function parseWeight(answer: string): { readonly weight: number; readonly initial: number } | undefined {
  const match = /^(\d+) \(initial (\d+)\)/.exec(answer.trim());
  return match ? { weight: Number(match[1]), initial: Number(match[2]) } : undefined;
}

/** `show sess`: one line per stream, `0x…: proto=tcpv4 src=10.0.0.9:4711 fe=web be=app srv=s1 … age=1m3s …`. */
export function parseSessions(answer: string): { be: string; srv: string; source: string; ageSeconds: number }[] {
  return answer
    .split('\n')
    .filter((line) => line.startsWith('0x'))
    .map((line) => {
      const field = (name: string): string => new RegExp(` ${name}=(\\S*)`).exec(line)?.[1] ?? '';
      return { be: field('be'), srv: field('srv'), source: field('src'), ageSeconds: secondsOf(field('age')) };
    });
}

const SECONDS_PER: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** HAProxy's age: `17s`, `2m5s`, `1h20m`, `3d1h`. */
function secondsOf(age: string): number {
  return [...age.matchAll(/(\d+)([dhms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (SECONDS_PER[unit ?? 's'] ?? 1),
    0,
  );
}
