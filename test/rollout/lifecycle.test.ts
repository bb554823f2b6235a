import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  initialState,
  lifecycleDiagram,
  lifecycles,
  metAtEnd,
  metBefore,
  transitionOf,
  type Transition,
} from '../../src/rollout/lifecycle.ts';
import { paths } from '../support/lives.ts';

const all = paths();

describe('the life of an instance', () => {
  it('has these ways out before the old container was ever stopped', () => {
    expect(all.filter((path) => path.startsWith('drain!'))).toEqual([
      'drain! restore → unchanged',
      'drain! restore! → outOfService',
      'drain! → unchanged',
    ]);
  });

  it('rolls back what a run that died may have touched when it cannot be drained again', () => {
    for (const state of ['redraining', 'retaking'] as const) {
      expect(paths(state).filter((path) => path.startsWith('drain!'))).toContain(
        'drain! withdraw rollBack check restore → unchanged',
      );
      expect(paths(state).filter((path) => path.startsWith('drain '))).toEqual(
        all.filter((path) => path.startsWith('drain ')),
      );
    }
  });

  it('has these ways out when the new container cannot be made or does not prove itself', () => {
    const homeward = [
      'rollBack check restore → unchanged',
      'rollBack check restore! → outOfService',
      'rollBack check! → outOfService',
      'rollBack! → outOfService',
    ];
    for (const start of ['drain replace! ', 'drain replace check! ']) {
      expect(all.filter((path) => path.startsWith(start))).toEqual(homeward.map((end) => `${start}${end}`));
    }
  });

  it('drains the new container before it rolls back one that was in service already', () => {
    for (const start of ['drain replace check restore! ', 'drain replace check restore soak! ']) {
      const after = all.filter((path) => path.startsWith(start)).map((path) => path.slice(start.length));
      expect(after.every((path) => path.startsWith('withdraw'))).toBe(true);
      expect(after).toContain('withdraw rollBack check restore → unchanged');
      expect(after).toContain('withdraw! → outOfService');
    }
  });

  it('ends updated only after every proof, and also when the old container cannot be removed', () => {
    expect(all.filter((path) => path.endsWith('→ updated'))).toEqual([
      'drain replace check restore soak retire → updated',
      'drain replace check restore soak retire! → updated',
    ]);
  });

  it('never replaces before it has drained, and never restores an unchecked container', () => {
    for (const path of all) {
      expect(path).not.toMatch(/^(?!drain ).*replace/);
      expect(path).not.toMatch(/(replace|rollBack)!? restore/);
    }
  });

  it.each(['in-place', 'start-first'] as const)('%s, ramps only a weight that is back in part', (strategy) => {
    const ramped = paths(initialState, '', strategy, { isRamped: true });

    expect(
      ramped.filter((path) => path.includes('ramp!')).every((path) => path.includes('restore ramp! withdraw')),
    ).toBe(true);
    expect(
      ramped.map((path) => path.replace('restore ramp ', 'restore ')).filter((path) => !path.includes('ramp')),
    ).toEqual(paths(initialState, '', strategy));
  });

  it('marks as homeward what is not stopped by the second Ctrl-C', () => {
    const homeward = Object.entries(lifecycles['in-place']).filter(([, row]) => row.homeward);
    expect(homeward.map(([state]) => state)).toEqual([
      'retiring',
      'withdrawing',
      'rollingBack',
      'rechecking',
      'returning',
    ]);
  });

  it('is drawn in docs/architecture.md as it is', () => {
    expect(readFileSync('docs/architecture.md', 'utf8')).toContain(lifecycleDiagram('in-place'));
  });
});

describe('the life of an instance whose container is only restarted', () => {
  const lives = paths(initialState, '', 'restart');

  it('ends restarted after every proof, and removes nothing', () => {
    expect(lives.filter((path) => path.endsWith('→ updated'))).toEqual(['drain restart check restore soak → updated']);
  });

  it('otherwise goes the ways in place', () => {
    const ways = all.filter((path) => !path.endsWith('→ updated')).map((path) => path.replace('replace', 'restart'));
    expect(lives.filter((path) => !path.endsWith('→ updated'))).toEqual(ways);
  });

  it('is drawn in docs/strategies.md as it is', () => {
    expect(readFileSync('docs/strategies.md', 'utf8')).toContain(lifecycleDiagram('restart'));
  });
});

describe('the life of an instance that a command is run for', () => {
  it('is that of one which is restarted', () => {
    const restarted = paths(initialState, '', 'restart').map((path) => path.replace('restart', 'run'));
    expect(paths(initialState, '', 'run')).toEqual(restarted);
  });

  it('is drawn in docs/strategies.md as it is', () => {
    expect(readFileSync('docs/strategies.md', 'utf8')).toContain(lifecycleDiagram('run'));
  });
});

describe('the life of an instance that is replaced start-first', () => {
  const lives = paths(initialState, '', 'start-first');

  it('stops the old container last of all, after the new one has served', () => {
    expect(lives.filter((path) => path.endsWith('→ updated'))).toEqual([
      'drain replace check restore soak release vacate retire → updated',
      'drain replace check restore soak release vacate retire! → updated',
      // The old one cannot serve any more, and the new one does.
      ...['vacate!', 'release!'].flatMap((failed) => {
        const before = `drain replace check restore soak ${failed === 'vacate!' ? 'release ' : ''}${failed} readmit!`;
        return [`${before} vacate retire → updated`, `${before} vacate retire! → updated`];
      }),
    ]);
  });

  it('never takes the new one out where the old one cannot serve again', () => {
    const stuck = lives.filter((path) => path.includes('readmit! vacate!'));
    expect(stuck.length).toBeGreaterThan(0);
    expect(stuck.every((path) => path.endsWith('readmit! vacate! → outOfService'))).toBe(true);
  });

  it('has the old one serve again before the new one is taken out, once it was to leave', () => {
    for (const failed of ['release!', 'release vacate!']) {
      const after = lives.filter((path) => path.startsWith(`drain replace check restore soak ${failed} `));
      expect(after).toContain(
        `drain replace check restore soak ${failed} readmit withdraw rollBack check restore → unchanged`,
      );
      expect(after.every((path) => path.includes(`${failed} readmit`))).toBe(true);
    }
  });

  it('goes home as in place as long as the old one serves', () => {
    const before = (path: string): boolean => !path.includes('release');
    expect(lives.filter(before)).toEqual(all.filter((path) => !path.includes('soak retire')));
  });

  it('is drawn in docs/strategies.md as it is', () => {
    expect(readFileSync('docs/strategies.md', 'utf8')).toContain(lifecycleDiagram('start-first'));
  });
});

describe('the life of an instance whose host is recreated', () => {
  const lives = paths(initialState, '', 'recreate-host');

  it('ends updated once all serve and are committed, and never goes back from there', () => {
    expect(lives.filter((path) => path.endsWith('→ updated'))).toEqual([
      'drain stop start check restore soak commit retire → updated',
      'drain stop start check restore soak commit retire! → updated',
    ]);
    expect(paths('finishing', '', 'recreate-host')).toEqual([
      'restore retire → updated',
      'restore retire! → updated',
      'restore! → outOfService',
    ]);
    expect(transitionOf('committing', 'recreate-host').serves).toBe('retiring');
  });

  it('has its new container gone before its old one is brought back', () => {
    const back = lives.filter((path) => path.includes('rollBack'));
    expect(back.length).toBeGreaterThan(0);
    expect(back.every((path) => path.includes('discard rollBack'))).toBe(true);
  });

  it('otherwise goes home as in place', () => {
    const ways = (some: readonly string[]): string[] =>
      some.filter((path) => !path.endsWith('→ updated') && !/(stop|commit)!/.test(path) && !path.includes('discard!'));
    const alike = lives.map((path) => path.replace('stop start', 'replace').replace('discard ', ''));
    expect(ways(alike)).toEqual(ways(all));
  });

  it('meets the others where it has to, on the way and on the way back', () => {
    const steps = (['drained', 'stopped', 'checked', 'serving', 'discarded'] as const).map((point) => {
      const rows = Object.values<Transition>(lifecycles['recreate-host']).filter(({ meets }) => meets === point);
      return rows.map(({ step }) => step).join();
    });
    expect(steps).toEqual(['stop', 'start', 'restore', 'commit', 'rollBack']);
    expect(metBefore('soaking', 'recreate-host')).toEqual(['drained', 'stopped', 'checked']);
    expect(metBefore('restoring', 'recreate-host')).toEqual(['drained', 'stopped']);
    expect(metBefore('retaking', 'recreate-host')).toEqual([]);
    expect(metAtEnd('updated', 'recreate-host')).toEqual(['drained', 'stopped', 'checked', 'serving']);
    expect(metAtEnd('unchanged', 'recreate-host')).toEqual(['discarded']);
    expect(metAtEnd('outOfService', 'recreate-host')).toEqual([]);
  });

  it('is drawn in docs/strategies.md as it is', () => {
    expect(readFileSync('docs/strategies.md', 'utf8')).toContain(lifecycleDiagram('recreate-host'));
  });
});
