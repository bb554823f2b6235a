/** Splits a command line as a shell would, without its expansions; undefined when a quotation is not closed. */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let rest = line.trimStart();
  while (rest !== '') {
    const match = /^(?:[^\s"'\\]|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"|'[^']*')+/.exec(rest);
    const next = match?.[0];
    if (next === undefined || !/^(?:\s|$)/.test(rest.slice(next.length))) return undefined;
    words.push(unquoted(next));
    rest = rest.slice(next.length).trimStart();
  }
  return words;
}

function unquoted(word: string): string {
  return word.replace(
    /"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'|\\([\s\S])/g,
    (_all, double: string | undefined, single: string | undefined, escaped: string | undefined) =>
      double?.replace(/\\(["\\$`\n])/g, '$1') ?? single ?? escaped ?? '',
  );
}
