import { readWindow, type FreezeWindow } from '../../rollout/freeze.ts';
import type { RegistryLogin } from '../../rollout/play.ts';
import type { OnFailure, Policy, Share } from '../../rollout/policy.ts';
import { isTimezone } from '../../rollout/wall-clock.ts';
import { isMapping } from '../values.ts';
import { each, type Leaf, Misfit, unrendered } from './field.ts';
import { duration, numberIn, oneOf, percentIn, text } from './leaves.ts';

export const onFailure: Leaf<OnFailure> = oneOf(['pause', 'rollback', 'continue', 'ask']);

export const unreachable: Leaf<Policy['unreachable']> = oneOf(['fail', 'skip']);

export const share: Leaf<Share> = {
  says: 'a number of hosts such as 2, or a percentage such as "10%"',
  parse: (value) => {
    const percent = percentIn(value);
    if (percent !== undefined) return { percent };
    const hosts = numberIn(value);
    return hosts !== undefined && Number.isSafeInteger(hosts) && hosts >= 0 ? { hosts } : new Misfit();
  },
};

export const pause: Leaf<Policy['pause']> = {
  says: 'a duration with its unit, such as "10m", or ask',
  parse: (value) => (value === 'ask' ? value : duration.parse(value)),
};

const WINDOW = 'a window such as "Fri 16:00 - Mon 08:00" or "2026-12-20 - 2027-01-02"';

export const freezeWindows: Leaf<readonly FreezeWindow[]> = {
  says: 'a list of windows such as "Fri 16:00 - Mon 08:00" or "2026-12-20 - 2027-01-02"',
  item: WINDOW,
  parse: (value) => {
    if (!Array.isArray(value)) return new Misfit();
    return each<unknown, FreezeWindow>(value, (item) => {
      const written = text.parse(item);
      if (typeof written !== 'string') return new Misfit();
      return readWindow(written) ?? new Misfit(hintFor(written));
    });
  },
};

/** Days and times are there, and cannot be read all the same. */
function hintFor(written: string): string {
  const [from, to] = written.split(' - ').map((side) => readWindow(`${side} - ${side.split(' ')[0] ?? ''}`));
  return from?.kind === 'dated' && to?.kind === 'dated' ? 'it ends before it begins' : '';
}

/** Nothing of a login is shown, whatever is wrong with it. */
export const registryLogins: Leaf<readonly RegistryLogin[]> = {
  says: 'a mapping such as "registry.example:5000: { username: ci, password: … }"',
  item: 'a username and a password for a registry as host or host:port',
  isSecret: true,
  parse: (value) => {
    if (!isMapping(value)) return new Misfit();
    return each<[string, unknown], RegistryLogin>(
      Object.entries(value),
      ([registry, login]) => {
        if (!/^[a-z0-9.-]+(:\d+)?$/i.test(registry)) return new Misfit('that is no registry');
        if (!isMapping(login)) return new Misfit();
        const { username, password, ...more } = login;
        const [name, secret] = [username, password].map((part) => (part === unrendered ? '' : text.parse(part)));
        const isWhole = typeof name === 'string' && typeof secret === 'string' && Object.keys(more).length === 0;
        return isWhole ? { registry, username: name, password: secret } : new Misfit();
      },
      ([registry]) => registry,
    );
  },
};

export const timezone: Leaf<string> = {
  says: 'a time zone such as Europe/Berlin',
  parse: (value) => {
    const written = text.parse(value);
    return typeof written !== 'string' || isTimezone(written) ? written : new Misfit();
  },
};
