import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { initialState, lifecycleDiagram, metAtEnd, metBefore, transitionOf } from '../../src/rollout/lifecycle.ts';
import { paths } from '../support/lives.ts';

describe('the life of an instance that is replaced blue-green', () => {
  const lives = paths(initialState, '', 'blue-green');

  it('keeps the old container last of all, after the new one has served, and ends there', () => {
    const updated = lives.filter((path) => path.endsWith('→ updated') && !path.includes('!'));
    expect(updated).toEqual(['drain replace check restore soak release keep → updated']);
    expect(transitionOf('keeping', 'blue-green')).toMatchObject({ isKept: true, notKept: 'vacating' });
    expect(paths('vacating', '', 'blue-green').slice(0, 1)).toEqual(['vacate retire → updated']);
  });

  it('goes home as start-first until the old one is drained, and has it serve again from then on', () => {
    const home = (some: readonly string[]): string[] =>
      some.filter((path) => path.endsWith('→ unchanged') && !/(vacate|keep)/.test(path));
    expect(home(lives)).toEqual(home(paths(initialState, '', 'start-first')));
    const after = lives.filter((path) => path.includes('keep! '));
    expect(after.length).toBeGreaterThan(0);
    expect(after.every((path) => path.includes('keep! readmit'))).toBe(true);
  });

  it('meets the others before any of them serves, leaves, and is kept', () => {
    expect(metBefore('releasing', 'blue-green')).toEqual(['checked']);
    expect(metBefore('keeping', 'blue-green')).toEqual(['checked', 'serving']);
    expect(metAtEnd('updated', 'blue-green')).toEqual(['checked', 'serving', 'released']);
    expect(metAtEnd('unchanged', 'blue-green')).toEqual([]);
  });

  it('is drawn in docs/strategies.md as it is', () => {
    expect(readFileSync('docs/strategies.md', 'utf8')).toContain(lifecycleDiagram('blue-green'));
  });
});

describe('the life of a container that was kept', () => {
  it('is switched back to before the new one goes, or kept as before', () => {
    const lives = paths('readmitting', '', 'switch-back');
    expect(lives.filter((path) => !path.endsWith('→ outOfService'))).toEqual([
      'readmit withdraw rollBack check restore → unchanged',
      'readmit withdraw! release keep → updated',
      'readmit! release keep → updated',
    ]);
    expect(metBefore('rollingBack', 'switch-back')).toEqual(['readmitted', 'withdrawn']);
    expect(metAtEnd('unchanged', 'switch-back')).toEqual(['readmitted', 'withdrawn']);
    expect(metAtEnd('updated', 'switch-back')).toEqual([]);
  });

  it('ends only where the new one serves', () => {
    expect(paths('vacating', '', 'ending')).toEqual([
      'vacate retire → updated',
      'vacate retire! → updated',
      'vacate! → outOfService',
    ]);
  });

  it.each(['switch-back', 'ending'] as const)('%s, is drawn in docs/strategies.md as it is', (life) => {
    expect(readFileSync('docs/strategies.md', 'utf8')).toContain(lifecycleDiagram(life));
  });
});
