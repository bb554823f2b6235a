import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { Meanwhile } from '../../src/runner/instance/company.ts';
import { aCompany, BACK, ONE, sick, THREE, TWO } from '../support/a-company.ts';

describe('a meeting point of a company', () => {
  it('lets nobody on before all have come, and says meanwhile who is missing', async () => {
    const { meets, pass, past, told } = aCompany([ONE, TWO, THREE]);
    const first = [meets(ONE, 'drained'), meets(TWO, 'drained')];
    await pass(10_000);
    expect(past).toEqual([]);
    expect(told).toContainEqual({ for: 'others', meets: 'drained', names: [THREE] });

    await Promise.all([...first, meets(THREE, 'drained')]);

    expect(past.toSorted()).toEqual([ONE, TWO, THREE]);
  });

  it('is not that of those who have come to another one', async () => {
    const { meets, pass, past } = aCompany();
    const [late] = [meets(ONE, 'stopped'), meets(TWO, 'drained')];
    await pass(1_000);
    expect(past).toEqual([]);

    await Promise.all([late, meets(TWO, 'stopped')]);

    expect(past).toContain(ONE);
  });

  it('is passed at once, not at the next look around, when the last one comes', async () => {
    const { meets, pass, clock } = aCompany();
    const waiting = meets(ONE, 'drained');
    await pass(250);
    const began = clock.now();

    await Promise.all([waiting, meets(TWO, 'drained')]);

    expect(clock.now()).toBe(began);
  });

  it('is not waited at for one that has nothing to meet the others for', async () => {
    const { company, meets } = aCompany();
    const waiting = meets(ONE, 'drained');
    company.leave(TWO);

    await waiting;

    expect(company.names).toEqual([ONE]);
    await expect(meets(TWO, 'drained')).resolves.toBeUndefined();
  });

  it('was come to before by one that begins behind it', async () => {
    const { company, meets, pass, past } = aCompany();
    company.begins(TWO, ['drained', 'stopped']);

    await meets(ONE, 'drained');
    await meets(ONE, 'stopped');
    void meets(ONE, 'checked').catch(() => undefined);
    await pass(1_000);

    expect(past).toEqual([ONE, ONE]);
  });

  it('waits for one that is away, and is passed when it is back', async () => {
    const { meets, pass, past } = aCompany();
    const back = new AbortController();
    let hasBeenAway = false;
    const look: Meanwhile['look'] = async (away) => {
      if (hasBeenAway) return;
      hasBeenAway = true;
      await away(() =>
        pass(0).then(() => new Promise((resolve) => back.signal.addEventListener('abort', () => resolve()))),
      );
    };
    const first = meets(ONE, 'drained', { look });
    await pass(100);
    const second = meets(TWO, 'drained');
    await pass(5_000);
    expect(past).toEqual([]);

    back.abort();
    await Promise.all([first, second]);

    expect(past).toHaveLength(2);
  });

  it('is not left again once all have come', async () => {
    const { meets } = aCompany();
    const actions: string[] = [];
    let leave: Parameters<Meanwhile['look']>[0] = () => Promise.reject(new Error('nobody has looked'));
    const look: Meanwhile['look'] = async (away) => void (leave = away);
    await Promise.all([meets(ONE, 'drained', { look }), meets(TWO, 'drained')]);

    await leave(async () => void actions.push('taken out anew'));

    expect(actions).toEqual([]);
  });
});

describe('a member that fails', () => {
  it('sends those home who wait for it, with its reason, and lets nobody on to what lies ahead', async () => {
    const { company, meets } = aCompany([ONE, TWO, THREE]);
    const waiting = [meets(ONE, 'checked'), meets(THREE, 'drained')];
    company.fail(TWO, sick);

    for (const one of waiting) await expect(one).rejects.toThrow(BACK);
    await expect(meets(ONE, 'serving')).rejects.toThrow(BACK);
    expect(company.failing).toBe(TWO);
    expect(company.signal.aborted).toBe(true);
  });

  it('is met on the way home', async () => {
    const { company, meets, pass, past } = aCompany();
    company.fail(TWO, sick);
    const first = meets(ONE, 'discarded');
    await pass(1_000);
    expect(past).toEqual([]);

    await Promise.all([first, meets(TWO, 'discarded')]);

    expect(past).toHaveLength(2);
  });

  it('is the one that all go home with, also when another fails on the way', async () => {
    const { company, meets } = aCompany();
    company.fail(TWO, sick);
    company.fail(ONE, new Error('it could not wait'));

    expect(company.failing).toBe(TWO);
    await expect(meets(ONE, 'drained')).rejects.toThrow(BACK);
  });

  it('by what it looks at while it waits, keeps the others from going on', async () => {
    const { meets } = aCompany([ONE, TWO, THREE]);
    const other = meets(ONE, 'checked');

    const own = meets(TWO, 'checked', { look: () => Promise.reject(sick) });

    await expect(own).rejects.toBe(sick);
    await expect(other).rejects.toThrow(BACK);
    await expect(meets(THREE, 'checked')).rejects.toThrow(BACK);
  });

  it('is none for an answer that stays out for a moment', async () => {
    const { meets, pass, told, past } = aCompany();
    const answers = [new Failure('unreachable', 'Cannot reach fe1: no answer')];
    const look = async (): Promise<void> => {
      const away = answers.pop();
      if (away) throw away;
    };
    const first = meets(ONE, 'checked', { look });
    await pass(1_000);
    expect(told).toContainEqual({ for: 'answer', why: 'Cannot reach fe1: no answer' });

    await Promise.all([first, meets(TWO, 'checked')]);

    expect(past).toContain(ONE);
  });

  it('when all had come already goes on all the same: who is late to hear of it as well', async () => {
    const { meets, past } = aCompany();
    let look: () => void = () => undefined;
    const isLooking = new Promise<void>((resolve) => (look = resolve));
    let fails: (error: Error) => void = () => undefined;
    const first = meets(ONE, 'checked', {
      look: () => {
        look();
        return new Promise((_, reject) => (fails = reject));
      },
    });
    await isLooking;
    await meets(TWO, 'checked');

    fails(sick);
    await first;

    expect(past).toEqual([TWO, ONE]);
  });
});

describe('a member that is stopped while it waits', () => {
  it('goes home at once, and the others with it', async () => {
    const { company, meets, pass, clock } = aCompany();
    const stop = new AbortController();
    const first = meets(ONE, 'drained', { signal: stop.signal });
    await pass(250);
    const began = clock.now();
    stop.abort(new Failure('interrupted', 'Stopped by SIGINT'));

    await expect(first).rejects.toMatchObject({ code: 'interrupted', message: 'Stopped by SIGINT' });
    expect(clock.now()).toBe(began);
    await expect(meets(TWO, 'drained')).rejects.toMatchObject({
      code: 'interrupted',
      message: 'goes back with pxApp_1: Stopped by SIGINT',
    });
    expect(company.failing).toBe(ONE);
  });
});
