import { expect, it } from 'vitest';
import { withoutSecrets, withoutSecretsIn } from '../../src/report/hidden.ts';
import { Secrets } from '../../src/rollout/secret.ts';

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
