import { beforeEach, describe, expect, it } from 'vitest';
import { labReset } from '../../lab/lab.ts';
import { allServers, containersOf, containersOn, everyHostInService, load } from '../support/fleet.ts';
import { rolloutTo, sluice } from '../support/sluice.ts';

describe('a bad version on the real fleet', () => {
  beforeEach(async () => {
    await labReset({ healthchecks: true });
  });

  // prettier-ignore
  it.each([
    { bad: 'fails and stops the run', tag: 'exits', status: 8, cause: /stopping after batch 1 of 3/,                              also: /stopped after .*: more hosts failed than max_fail_percentage allows/ },
    { bad: 'does not exist',     tag: 'nosuch', status: 1, cause: /problem: fe3: .*registry\.lab:5000\/pxapp:nosuch.*manifest unknown/i, also: /nothing was touched/ },
  ])('that $bad fails no request, and the old one serves', async ({ tag, status, cause, also }) => {
    const traffic = load();

    const ended = await sluice(...rolloutTo(tag));

    const report = await traffic.stop();
    const said = ended.stderr + ended.stdout;
    expect(ended, said).toMatchObject({ status });
    expect(said).toMatch(cause);
    expect(said).toMatch(also);
    expect(report.failures).toEqual([]);
    expect(report.requests).toBeGreaterThan(150);
    expect(await allServers()).toEqual(everyHostInService);
    for (const host of ['fe1', 'fe2', 'fe3']) expect(await containersOf(host)).toEqual(containersOn('v1'));
  });
});
