import { expect, it } from 'vitest';
import { withoutSecrets, withoutSecretsIn } from '../../src/report/hidden.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { Secrets } from '../../src/rollout/secret.ts';

const server = { balancer: { host: 'fe1', socket: '/s' }, backend: 'b', name: 's' };

it('withoutSecrets() hides texts for people, and keeps what a run is gone on with by', () => {
  const secrets = new Secrets();
  secrets.add('hunter2');
  const subject = { host: 'hunter2', name: 'shop' };

  const event = withoutSecrets(
    { type: 'step-failed', subject, step: 'check', ms: 1, reason: 'said hunter2', details: ['pw=hunter2'] },
    secrets,
  );

  expect(event).toEqual({
    ...{ type: 'step-failed', subject, step: 'check', ms: 1 },
    ...{ reason: 'said (hidden)', details: ['pw=(hidden)'] },
  });
});

it.each<RunEvent>([
  { type: 'image-pulling', host: 'fe1', image: 'a:1', current: 1, total: 2, again: 'the Engine said hunter2' },
  {
    ...{ type: 'remark', subject: { host: 'fe1', name: 'b/s' } },
    remark: { about: 'hold-over', server, by: 'ann', note: 'pw is hunter2', until: '2026-12-01T00:00:00Z' },
  },
])('withoutSecrets() hides what people and programs have said, in $type', (told) => {
  const secrets = new Secrets();
  secrets.add('hunter2');

  expect(JSON.stringify(withoutSecrets(told, secrets))).toContain('(hidden)');
  expect(JSON.stringify(withoutSecrets(told, secrets))).not.toContain('hunter2');
});

it.each([
  { from: 'pg://old-one@db', to: 'pg://hunter2@db', shown: { from: '(hidden)', to: '(hidden)' } },
  { from: 'pg://hunter2@db', to: 'pg://db', shown: { from: '(hidden)', to: '(hidden)' } },
  { from: '(not set)', to: 'pg://hunter2@db', shown: { from: '(not set)', to: '(hidden)' } },
  { from: 'pg://a', to: 'pg://b', shown: { from: 'pg://a', to: 'pg://b' } },
])('withoutSecretsIn() of a change from $from to $to', ({ from, to, shown }) => {
  const secrets = new Secrets();
  secrets.add('hunter2');

  expect(withoutSecretsIn({ setting: 'environment.DB', from, to }, secrets)).toEqual({
    setting: 'environment.DB',
    ...shown,
  });
});
