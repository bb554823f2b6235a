import picocolors from 'picocolors';

/** What a piece of text means; colour only underlines it, the words say it too. */
export type Tone = 'plain' | 'good' | 'bad' | 'warning' | 'quiet' | 'strong';

export type Paint = (tone: Tone, text: string) => string;

export function paintFor(isColoured: boolean): Paint {
  const colours = picocolors.createColors(isColoured);
  const byTone: Readonly<Record<Tone, (text: string) => string>> = {
    plain: (text) => text,
    good: colours.green,
    bad: colours.red,
    warning: colours.yellow,
    quiet: colours.dim,
    strong: colours.bold,
  };
  return (tone, text) => byTone[tone](text);
}

/** Whether a stream takes colour: a terminal, unless NO_COLOR is set and not empty (https://no-color.org) or TERM is dumb. */
export function takesColour(
  stream: { readonly isTTY?: boolean | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  const { NO_COLOR: noColor, FORCE_COLOR: forceColor, TERM: term } = environment;
  if (noColor !== undefined && noColor !== '') return false;
  if (forceColor !== undefined && forceColor !== '' && forceColor !== '0') return true;
  return stream.isTTY === true && term !== 'dumb';
}
