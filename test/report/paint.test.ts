import { describe, expect, it } from 'vitest';
import { paintFor, takesColour, type Tone } from '../../src/report/paint.ts';

describe('takesColour()', () => {
  // prettier-ignore
  it.each<{ isTTY: boolean | undefined; environment: Record<string, string>; takes: boolean }>([
    { isTTY: true,      environment: {},                                      takes: true },
    { isTTY: false,     environment: {},                                      takes: false },
    { isTTY: undefined, environment: {},                                      takes: false },
    { isTTY: true,      environment: { NO_COLOR: '1' },                       takes: false },
    { isTTY: true,      environment: { NO_COLOR: '0' },                       takes: false },
    { isTTY: true,      environment: { NO_COLOR: '' },                        takes: true },
    { isTTY: true,      environment: { TERM: 'dumb' },                        takes: false },
    { isTTY: true,      environment: { TERM: 'xterm' },                       takes: true },
    { isTTY: false,     environment: { FORCE_COLOR: '1' },                    takes: true },
    { isTTY: false,     environment: { FORCE_COLOR: 'true', TERM: 'dumb' },   takes: true },
    { isTTY: false,     environment: { FORCE_COLOR: '0' },                    takes: false },
    { isTTY: false,     environment: { FORCE_COLOR: '' },                     takes: false },
    { isTTY: true,      environment: { FORCE_COLOR: '1', NO_COLOR: '1' },     takes: false },
  ])('is $takes for a terminal ($isTTY) with $environment', ({ isTTY, environment, takes }) => {
    expect(takesColour({ isTTY }, environment)).toBe(takes);
  });
});

describe('paintFor()', () => {
  const painted: Readonly<Record<Tone, string>> = {
    plain: 'word',
    good: '\u001b[32mword\u001b[39m',
    bad: '\u001b[31mword\u001b[39m',
    warning: '\u001b[33mword\u001b[39m',
    quiet: '\u001b[2mword\u001b[22m',
    strong: '\u001b[1mword\u001b[22m',
  };
  it.each(Object.entries(painted))('paints what is %s as %j', (tone, text) => {
    expect(paintFor(true)(tone as Tone, 'word')).toBe(text);
    expect(paintFor(false)(tone as Tone, 'word')).toBe('word');
  });
});
