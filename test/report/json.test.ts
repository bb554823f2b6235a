import { describe, expect, it } from 'vitest';
import { jsonLine } from '../../src/report/json.ts';
import { EVENT_SCHEMA } from '../../src/rollout/events.ts';
import { defaultPolicy } from '../../src/rollout/policy.ts';
import { anInstance } from '../support/builders.ts';

describe('jsonLine()', () => {
  const stamp = { seq: 7, at: new Date(Date.UTC(2026, 10, 21, 9, 0, 0, 5)), run: '20261121-090000-test' };

  it('is the event with its stamp, on one line', () => {
    const line = jsonLine({ type: 'problem', host: 'fe1', text: 'two\nlines' }, stamp);

    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({
      ...{ schema: EVENT_SCHEMA, seq: 7, ts: '2026-11-21T09:00:00.005Z', run: '20261121-090000-test' },
      ...{ type: 'problem', host: 'fe1', text: 'two\nlines' },
    });
  });

  it('begins with what a reader needs to know first', () => {
    expect(jsonLine({ type: 'stop-asked', signal: 'SIGINT', times: 1 }, stamp)).toMatch(
      /^\{"schema":1,"seq":7,"ts":"[^"]+","run":"[^"]+","type":"stop-asked",/,
    );
  });

  it('does not tell what a container is given, which may be secret', () => {
    const spec = { image: 'app:1', pullPolicy: 'always' as const, environment: { PASSWORD: 'hush' } };
    const image = { reference: 'app:1', digest: undefined };
    const instance = {
      ...{ instance: anInstance({ spec }), action: 'create' as const, from: undefined, to: image },
      ...{ changes: [], because: '', servers: [] },
    };
    const batches = [{ number: 1, hosts: [{ host: 'fe1', instances: [instance] }] }];
    const plan = { name: 'x', maxFailPercentage: 0, policy: defaultPolicy, batches, capacity: [] };

    const line = jsonLine({ type: 'planned', plan }, stamp);

    expect(line).toContain('"container":"pxApp_1"');
    expect(line).not.toContain('hush');
  });
});
