import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRun, replayed } from '../../src/adapters/journal/runs.ts';
import { onceHeld } from '../../src/cli/once-held.ts';
import { latestRollout } from '../../src/cli/past-runs.ts';
import { RunJournal } from '../../src/cli/run-journal.ts';
import type { RunHistory } from '../../src/rollout/history.ts';

const RUN = '20261121-090000-aaaa';
let folder = '';
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'sluice-state-')), 'runs');
  mkdirSync(folder);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const path = (): string => join(folder, `${RUN}.jsonl`);
const textNow = (): string => readFileSync(path(), 'utf8');

/** The journal of a run that died on this machine, or another: its last line is torn. */
function died(machine: string): string {
  const event = {
    ...{ schema: 1, seq: 1, ts: '2026-11-21T09:00:00Z', run: RUN, type: 'run-started', command: 'rollout' },
    ...{ hosts: ['fe1'], by: 'ann@desk', version: '1', machine, pid: 2 ** 22 + 1 },
  };
  const text = `${JSON.stringify(event)}\n{"schema":1,`;
  writeFileSync(path(), text);
  return text;
}

async function historyNow(): Promise<RunHistory> {
  const history = replayed(await readRun(folder, RUN));
  if (!history) throw new Error('there is a start');
  return history;
}

describe('the journal of a run that is gone on with', () => {
  it('is left as it is until its hosts are held', async () => {
    const text = died(hostname());
    const journal = new RunJournal();

    journal.waitFor(await readRun(folder, RUN));
    journal.append('{"one":1}');
    await journal.settled();

    expect(journal.lines).toBe(2);
    expect(textNow()).toBe(text);
    await journal.close();
    expect(textNow()).toBe(text);
  });

  it('has then what was told before, and what comes after', async () => {
    const [first = ''] = died(hostname()).split('\n');
    const journal = new RunJournal();

    journal.waitFor(await readRun(folder, RUN));
    journal.append('{"one":1}');
    await journal.goOn(folder, () => undefined);
    journal.append('{"two":2}');
    await journal.close();

    expect(textNow()).toBe(`${first}\n{"one":1}\n{"two":2}\n`);
    expect(journal.lines).toBe(3);
  });

  it('is not written where another process has gone on with it meanwhile', async () => {
    const text = died(hostname());
    const journal = new RunJournal();

    journal.waitFor(await readRun(folder, RUN));
    writeFileSync(path(), `${text}x`);

    await expect(journal.goOn(folder, () => undefined)).rejects.toMatchObject({ code: 'locked' });
    expect(textNow()).toBe(`${text}x`);
  });
});

describe('the latest rollout', () => {
  const lineOf = (over: object): string =>
    `${died(hostname()).split('\n')[0]}\n`.replace('}', `,${JSON.stringify(over).slice(1)}`);
  const put = (run: string, text: string): void => {
    writeFileSync(join(folder, `${run}.jsonl`), text);
  };

  it('is found over the damaged journals of other commands', async () => {
    died(hostname());
    put('20261121-100000-bbbb', `${lineOf({ command: 'drain' })}no JSON\n`);
    put('20261121-110000-cccc', lineOf({ command: 'restore', schema: 2 }));

    expect((await latestRollout(folder))?.run).toBe(RUN);
  });

  it.each([
    { what: 'a rollout', text: () => `${lineOf({})}no JSON\n` },
    { what: 'nobody knows what', text: () => 'no JSON\n' },
  ])('is asked for by its id where a journal that cannot be read is of $what', async ({ text }) => {
    died(hostname());
    put('20261121-100000-bbbb', text());

    await expect(latestRollout(folder)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(
        /^Cannot tell which rollout is the latest: run 20261121-100000-bbbb may be it, and Cannot read .*: name the one that is meant$/,
      ) as unknown,
    });
  });
});

describe('a run whose process cannot be looked for', () => {
  // prettier-ignore
  it.each([
    { what: 'is refused, if no lock shows that it died', machine: 'elsewhere', locks: ['20261120-1'], isForced: false, goesOn: false },
    { what: 'is gone on with, if a lock does',           machine: 'elsewhere', locks: [RUN],          isForced: false, goesOn: true },
    { what: 'is gone on with, if that is forced',        machine: 'elsewhere', locks: [],             isForced: true,  goesOn: true },
    { what: 'is gone on with, if it died here',          machine: hostname(),  locks: [],             isForced: false, goesOn: true },
  ])('$what', async ({ machine, locks, isForced, goesOn }) => {
    died(machine);
    let hasGoneOn = false;
    const goOn = async (): Promise<void> => void (hasGoneOn = true);

    const held = onceHeld(await historyNow(), isForced, { goOn })(locks);

    if (goesOn) await held;
    else {
      await expect(held).rejects.toMatchObject({
        code: 'locked',
        message: expect.stringMatching(/^Cannot go on with run \S+: no lock on its hosts shows .* known on elsewhere/) as unknown,
      });
    }
    expect(hasGoneOn).toBe(goesOn);
  });
});
