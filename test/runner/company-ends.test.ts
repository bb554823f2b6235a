import { describe, expect, it } from 'vitest';
import type { Strategy } from '../../src/rollout/model.ts';
import { companyOf, type Meanwhile } from '../../src/runner/instance/company.ts';
import { aCompany, BACK, ONE, sick, THREE, TWO } from '../support/a-company.ts';
import { anInstance } from '../support/builders.ts';

describe('a member that has ended', () => {
  const out = { state: 'outOfService', failure: sick } as const;

  it('updated has been wherever they meet on the way there', async () => {
    const { company, meets } = aCompany();
    company.ended(TWO, { state: 'updated', failure: undefined });

    for (const point of ['drained', 'stopped', 'checked', 'serving'] as const)
      await expect(meets(ONE, point)).resolves.toBeUndefined();
    expect(company.failing).toBeUndefined();
  });

  it('unchanged is not waited for on the way home, and nobody goes on without it', async () => {
    const { company, meets } = aCompany();
    company.ended(TWO, { state: 'unchanged', failure: sick });

    await expect(meets(ONE, 'drained')).rejects.toThrow(BACK);
    await expect(meets(ONE, 'discarded')).resolves.toBeUndefined();
  });

  it('out of service lets nobody start an old container beside it', async () => {
    const { company, meets } = aCompany();
    const first = meets(ONE, 'discarded');
    company.ended(TWO, out);

    await expect(first).rejects.toThrow('cannot go on beside pxApp_2, which is out of service');
  });

  it('in a way that nobody knows of counts as out of service', async () => {
    const { company, meets } = aCompany();
    company.ended(TWO, undefined);

    await expect(meets(ONE, 'discarded')).rejects.toThrow('cannot go on beside pxApp_2');
    expect(company.failing).toBe(TWO);
  });

  it('as it was is the end that a switch back is for', async () => {
    const { company, meets } = aCompany([ONE, TWO], 'switch-back');
    company.ended(TWO, { state: 'unchanged', failure: undefined });

    await expect(meets(ONE, 'readmitted')).resolves.toBeUndefined();
    await expect(meets(ONE, 'withdrawn')).resolves.toBeUndefined();
    expect(company.failing).toBeUndefined();
  });

  it('is of no account when it had left the company', async () => {
    const { company, meets } = aCompany();
    company.leave(TWO);
    company.ended(TWO, out);

    await expect(meets(ONE, 'drained')).resolves.toBeUndefined();
    expect(company.failing).toBeUndefined();
  });
});

describe('what is decided for all of a company', () => {
  it('is done once, by whoever comes first', async () => {
    const { company } = aCompany();
    const done: string[] = [];
    const by = (name: string) => async () => void done.push(name);

    await Promise.all([company.decide('serving', by(TWO)), company.decide('serving', by(ONE))]);
    await company.decide('serving', by(THREE));

    expect(done).toEqual([TWO]);
  });

  it('has failed for all where it has failed', async () => {
    const { company } = aCompany();
    const first = company.decide('serving', () => Promise.reject(sick));

    await expect(company.decide('serving', async () => undefined)).rejects.toBe(sick);
    await expect(first).rejects.toBe(sick);
  });

  it('is another thing at another point', async () => {
    const { company } = aCompany();
    const done: string[] = [];
    await company.decide('serving', async () => void done.push('serving'));
    await company.decide('released', async () => void done.push('released'));

    expect(done).toEqual(['serving', 'released']);
  });

  it('can be told from what each of them has looked at', async () => {
    const { company, meets } = aCompany([ONE, TWO], 'blue-green');
    let isSick = false;
    const look: Meanwhile['look'] = () => (isSick ? Promise.reject(sick) : Promise.resolve());
    await Promise.all([meets(ONE, 'released', { look }), meets(TWO, 'released')]);
    await company.lookOnceMore('released');
    isSick = true;

    await expect(company.lookOnceMore('released')).rejects.toBe(sick);
  });
});

describe('those who go one after the other', () => {
  it('wait for all before them, and for nobody behind', async () => {
    const { company, follows, pass, past } = aCompany([ONE, TWO, THREE], 'blue-green');
    const others = [follows(THREE, 'released'), follows(TWO, 'released')];
    await follows(ONE, 'released');
    await pass(1_000);
    expect(past).toEqual([ONE]);

    company.begins(ONE, ['released']);
    await others[1];
    await pass(1_000);
    expect(past).toEqual([ONE, TWO]);
    company.begins(TWO, ['released']);
    await others[0];
  });

  it('do not wait for one that has failed, and fail with what they look at', async () => {
    const { company, follows } = aCompany([ONE, TWO, THREE], 'blue-green');
    const third = follows(THREE, 'released');

    const second = follows(TWO, 'released', { look: () => Promise.reject(sick) });

    await expect(second).rejects.toBe(sick);
    await expect(third).rejects.toThrow(BACK);
    expect(company.failing).toBe(TWO);
  });
});

describe('companyOf()', () => {
  const of = (strategy: Strategy | undefined, isBack = false) => {
    const revert = isBack ? { run: '20261121-090000-abcd', toNothing: false } : undefined;
    return companyOf([ONE, TWO].map((container) => ({ ...anInstance({ container }), strategy, revert })));
  };

  it('has those together that are replaced together, and those alone that are not', () => {
    expect(of('recreate-host')?.names).toEqual([ONE, TWO]);
    expect(of('blue-green')?.names).toEqual([ONE, TWO]);
    expect(of('recreate-host', true)?.names).toEqual([ONE, TWO]);
    for (const one of ['in-place', 'start-first', 'restart', 'run', undefined] as const)
      expect(of(one)).toBeUndefined();
  });

  it('takes back one by one what was blue-green', () => {
    expect(of('blue-green', true)).toBeUndefined();
  });
});
