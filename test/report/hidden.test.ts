import { expect, it } from 'vitest';
import { withoutSecrets } from '../../src/report/hidden.ts';
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
