import { beforeEach, describe, expect, it } from 'vitest';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { rolloutTo, sluice } from '../../support/sluice.ts';

describe('a bad version on a real host', () => {
  beforeEach(async () => {
    await resetOwn({ healthchecks: true });
  });

  // prettier-ignore
  it.each([
    { bad: 'is never healthy',   tag: 'unhealthy', status: 2, cause: /pxApp_1 on fe\d \(.*:unhealthy\) is unhealthy/,              also: /is unhealthy: .*answers 503/ },
    { bad: 'exits at once',      tag: 'exits',     status: 2, cause: /pxApp_1 on fe\d .* (exit status 1|exited and was restarted)$/m, also: /log: / },
    { bad: 'never listens',      tag: 'hangs',     status: 2, cause: /pxApp_1 on fe\d .* is (unhealthy|not ready)/,                 also: /pxApp_1/ },
  ])('that $bad fails no request, and the old one serves', async ({ tag, status, cause, also }) => {
    const traffic = loadOwn();

    const ended = await sluice(...rolloutTo(tag, '--limit', own));

    const report = await traffic.stop();
    const said = ended.stderr + ended.stdout;
    expect(ended, said).toMatchObject({ status });
    expect(said).toMatch(cause);
    expect(said).toMatch(also);
    expect(report.failures).toEqual([]);
    expect(report.requests).toBeGreaterThan(150);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(await containersOf(own)).toEqual(containersOn('v1'));
  });
});
