import { beforeEach, describe, expect, it } from 'vitest';
import { labReset } from '../../lab/lab.ts';
import { allServers, containersOf, containersOn, everyHostInService, load } from '../support/fleet.ts';
import { rolloutTo, sluice } from '../support/sluice.ts';

describe('a bad version on the real fleet', () => {
  beforeEach(async () => {
    await labReset();
  });

  // prettier-ignore
  it.each([
    { bad: 'is never healthy',   tag: 'unhealthy', limit: 'fe1', status: 2, cause: /pxApp_1 on fe1 \(.*:unhealthy\) is unhealthy/,              also: /is unhealthy: .*answers 503/ },
    { bad: 'exits at once',      tag: 'exits',     limit: 'fe1', status: 2, cause: /pxApp_1 on fe1 .* exit status 1/,                            also: /log: / },
    { bad: 'never listens',      tag: 'hangs',     limit: 'fe1', status: 2, cause: /pxApp_1 on fe1 .* is (unhealthy|not ready)/,                 also: /pxApp_1/ },
    { bad: 'fails and stops the run', tag: 'exits', limit: 'fe', status: 8, cause: /stopping after batch 1 of 3/,                              also: /stopped: more hosts failed than max_fail_percentage allows/ },
    { bad: 'does not exist',     tag: 'nosuch',    limit: 'fe',  status: 1, cause: /problem: fe3: .*registry\.lab:5000\/pxapp:nosuch.*manifest unknown/i, also: /nothing was touched/ },
  ])('that $bad fails no request, and the old one serves', async ({ tag, limit, status, cause, also }) => {
    const traffic = load();

    const ended = await sluice(...rolloutTo(tag, '--limit', limit));

    const report = await traffic.stop();
    const said = ended.stderr + ended.stdout;
    expect(ended, said).toMatchObject({ status });
    expect(said).toMatch(cause);
    expect(said).toMatch(also);
    expect(report.failures).toEqual([]);
    expect(report.requests).toBeGreaterThan(500);
    expect(await allServers()).toEqual(everyHostInService);
    for (const host of ['fe1', 'fe2', 'fe3']) expect(await containersOf(host)).toEqual(containersOn('v1'));
  });
});
