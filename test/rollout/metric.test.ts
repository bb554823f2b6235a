import { describe, expect, it } from 'vitest';
import { addressOf, Hold, isRight, limitsText, numberText, readingOf } from '../../src/rollout/metric.ts';

const ok = (body: string) => ({ status: 200, body });
const vector = (...values: unknown[]): string =>
  JSON.stringify({
    status: 'success',
    data: { resultType: 'vector', result: values.map((value) => ({ metric: {}, value: [1_700_000_000.1, value] })) },
  });

describe('the address of a query', () => {
  it.each([
    ['http://prom:9090', 'http://prom:9090/api/v1/query?query=up'],
    ['http://prom:9090/', 'http://prom:9090/api/v1/query?query=up'],
    ['https://example.com/prometheus', 'https://example.com/prometheus/api/v1/query?query=up'],
    ['http://prom:9090/api/v1/query', 'http://prom:9090/api/v1/query?query=up'],
    ['http://prom:9090?tenant=a', 'http://prom:9090/api/v1/query?tenant=a&query=up'],
  ])('%s is %s', (url, address) => {
    expect(addressOf({ url, query: 'up' })).toBe(address);
  });

  it('is escaped', () => {
    const address = addressOf({ url: 'http://prom', query: 'sum(rate(x{a="b&c"}[1m])) + 1' });

    expect(new URL(address).searchParams.get('query')).toBe('sum(rate(x{a="b&c"}[1m])) + 1');
  });

  it('without a query is that which was said', () => {
    expect(addressOf({ url: 'http://x/count?of=a' })).toBe('http://x/count?of=a');
  });
});

describe('an answer of Prometheus', () => {
  const read = (body: string, status = 200) => readingOf({ query: 'up' }, { status, body });

  it('with one series is its number', () => {
    expect(read(vector('0.25'))).toEqual({ value: 0.25 });
    expect(read(vector('-1e-07'))).toEqual({ value: -1e-7 });
  });

  it('that is a scalar is that number', () => {
    expect(read('{"status":"success","data":{"resultType":"scalar","result":[1,"3"]}}')).toEqual({ value: 3 });
  });

  it.each([
    ['no series', vector(), 'has no series for it ("… or vector(0)" makes that 0)'],
    ['two series', vector('1', '2'), 'has 2 series for it: one is wanted, as of sum() or max()'],
    ['NaN', vector('NaN'), 'answers with "NaN", which is no number'],
    ['infinity', vector('+Inf'), 'answers with "+Inf", which is no number'],
    [
      'a range',
      '{"status":"success","data":{"resultType":"matrix","result":[]}}',
      'answers with a matrix: ask for one number of this moment',
    ],
    [
      'a native histogram',
      '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{}]}]}}',
      'answers with nothing, which is no number',
    ],
    ['something else', '{"a":1}', 'answers not as Prometheus does: "{\\"a\\":1}"'],
    ['no JSON', '<html>', 'answers not as Prometheus does: "<html>"'],
  ])('with %s has none', (_, body, why) => {
    expect(read(body)).toEqual({ why });
  });

  it('that is a refusal says why', () => {
    const body = '{"status":"error","errorType":"bad_data","error":"parse error: unexpected end"}';

    expect(read(body, 400)).toEqual({ why: 'answers 400: "parse error: unexpected end"' });
    expect(read('<html>', 502)).toEqual({ why: 'answers 502' });
    const long = JSON.stringify({ status: 'error', error: `a\n\u001b[2J${'b'.repeat(1000)}` });
    expect(read(long, 503)).toEqual({
      why: expect.stringMatching(/^answers 503: "a\\n\\u001b\[2Jb{90,100}…"$/) as unknown,
    });
  });

  it('that is no success, or comes with a warning, has none', () => {
    const answer = JSON.parse(vector('0')) as object;

    expect(read(JSON.stringify({ ...answer, status: 'error' }))).toHaveProperty('why');
    expect(read(JSON.stringify({ ...answer, warnings: ['a store did not answer'] }))).toEqual({
      why: 'answers with a warning: "a store did not answer"',
    });
  });
});

describe('another answer', () => {
  it.each(['42', ' 42\n', '42.0', '+42', '4.2e1'])('of %j is the number', (body) => {
    expect(readingOf({}, ok(body))).toEqual({ value: 42 });
  });

  it.each(['', 'NaN', 'Infinity', '4 2', '0x2a', '42 %', 'null', '1e999'])('of %j is none', (body) => {
    expect(readingOf({}, ok(body))).toMatchObject({ why: expect.stringMatching(/, which is no number$/) as unknown });
  });

  it('has it where its path leads', () => {
    const body = ok('{"pools":[{"name":"a","free":3},{"name":"b","free":"4.5"}],"a.b":1,"none":null}');

    expect(readingOf({ json: ['pools', '0', 'free'] }, body)).toEqual({ value: 3 });
    expect(readingOf({ json: ['pools', '1', 'free'] }, body)).toEqual({ value: 4.5 });
    expect(readingOf({ json: ['a.b'] }, body)).toEqual({ value: 1 });
    expect(readingOf({ json: ['pools', '2', 'free'] }, body)).toEqual({ why: 'answers with nothing at pools.2.free' });
    expect(readingOf({ json: ['pools'] }, body)).toEqual({ why: 'has at pools a list, which is no number' });
    expect(readingOf({ json: ['none'] }, body)).toEqual({ why: 'has at none null, which is no number' });
    expect(readingOf({ json: ['pools', 'length'] }, ok('{"pools":""}'))).toEqual({
      why: 'answers with nothing at pools.length',
    });
  });

  it('that is no JSON, or no good status, is told', () => {
    expect(readingOf({ json: ['a'] }, ok('oops'))).toEqual({ why: 'answers with no JSON: "oops"' });
    expect(readingOf({}, { status: 404, body: '7' })).toEqual({ why: 'answers 404' });
    expect(readingOf({}, { status: 204, body: '' })).toEqual({ why: 'answers "", which is no number' });
  });
});

describe('limits', () => {
  it.each([
    [{ above: 1 }, [1.1], [1, 0]],
    [{ below: 1 }, [0.9, -5], [1]],
    [{ equals: 0 }, [0, -0], [0.1]],
    [{ above: 0, below: 2 }, [1], [0, 2]],
  ])('%j', (limits, right, wrong) => {
    expect(right.filter((value) => !isRight(value, limits))).toEqual([]);
    expect(wrong.filter((value) => isRight(value, limits))).toEqual([]);
  });

  it('are told in words', () => {
    expect(limitsText({ above: 0, below: 0.5 })).toBe('above 0 and below 0.5');
    expect(limitsText({ equals: 3 })).toBe('equal to 3');
    expect(numberText(0.1 + 0.2)).toBe('0.3');
    expect(numberText(1234567)).toBe('1234567');
  });
});

describe('a number that has to be right for a time', () => {
  it('is so when it has been at every look', () => {
    const hold = new Hold({ below: 1 }, 1_000);

    expect(hold.see({ value: 0 }, 0)).toBe(false);
    expect(hold.see({ value: 0.5 }, 900)).toBe(false);
    expect(hold.heldMs(900)).toBe(900);
    expect(hold.see({ value: 0.5 }, 1_000)).toBe(true);
  });

  it.each([{ value: 1 }, { why: 'has no series' }])('begins anew with %j', (reading) => {
    const hold = new Hold({ below: 1 }, 1_000);

    hold.see({ value: 0 }, 0);
    hold.see(reading, 500);

    expect(hold.heldMs(500)).toBeUndefined();
    expect(hold.see({ value: 0 }, 1_000)).toBe(false);
    expect(hold.see({ value: 0 }, 2_000)).toBe(true);
  });

  it('of nothing is so at once', () => {
    expect(new Hold({ equals: 0 }, 0).see({ value: 0 }, 7)).toBe(true);
  });
});
