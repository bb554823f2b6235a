import { describe, expect, it } from 'vitest';
import { readArguments } from '../../src/cli/arguments.ts';
import { commandOf, weightsIn } from '../../src/cli/runtime-words.ts';

describe('commandOf()', () => {
  it.each([
    { words: ['show', 'info'], changes: false },
    { words: ['get', 'weight', 'shop/s1'], changes: false },
    { words: ['set', 'weight', 'shop/s1', '5'], changes: true },
    { words: ['clear', 'counters'], changes: true },
    { words: ['shutdown', 'sessions', 'server', 'shop/s1'], changes: true },
  ])('$words changes something: $changes', ({ words, changes }) => {
    expect(commandOf(words)).toEqual({ line: words.join(' '), changes });
  });

  it.each([
    { words: [], says: 'say a command after --' },
    { words: ['show info; set weight shop/s1 0'], says: 'only one command at a time' },
    { words: ['show', 'info\nset weight shop/s1 0'], says: 'only one command at a time' },
    { words: ['show info\r'.concat('x')], says: 'only one command at a time' },
    { words: ['add', 'map', 'm', '<<'], says: 'a payload' },
    { words: ['@!7', 'show', 'info'], says: 'other processes' },
    { words: ['prompt'], says: 'is about a connection' },
    { words: ['show', 'schema', 'json'], says: 'has crashed' },
  ])('refuses $words: $says', ({ words, says }) => {
    expect(() => commandOf(words)).toThrow(says);
  });
});

describe('weightsIn()', () => {
  it('reads backend/server=weight', () => {
    expect(weightsIn(['shop/s1=50', 'api/s.2=0'])).toEqual([
      { path: 'shop/s1', weight: 50 },
      { path: 'api/s.2', weight: 0 },
    ]);
  });

  it.each(['shop/s1', 's1=5', 'shop/s1=257', 'shop/s1=-1', 'shop/s1=50%', 'shop/s1;x=5'])('refuses %s', (word) => {
    expect(() => weightsIn([word])).toThrow('it should be backend/server=WEIGHT');
  });
});

describe('the command line of sluice haproxy', () => {
  const read = async (...argv: readonly string[]): Promise<unknown> =>
    readArguments(['haproxy', '-i', 'hosts.ini', ...argv], { version: '1', environment: {} });

  it('takes what follows -- for the command, whatever it looks like', async () => {
    expect(await read('exec', 'fe1', '--', 'show', 'stat', '-1', '4', '-1')).toMatchObject({
      ...{ name: 'haproxy', action: 'exec', pattern: 'fe1' },
      words: ['show', 'stat', '-1', '4', '-1'],
    });
  });

  it('takes weights, and where HAProxy is', async () => {
    expect(await read('weights', 'fe1', 'shop/s1=5', '--haproxy-container', 'lb')).toMatchObject({
      ...{ action: 'weights', words: ['shop/s1=5'], place: { container: 'lb' } },
    });
  });

  it('has no use for more words where there is none', async () => {
    await expect(read('show', 'fe1', 'fe2')).rejects.toThrow('what is "fe2" for?');
  });
});
