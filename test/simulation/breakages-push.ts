/** Deliberate breakages of what is done when a configuration is pushed. */
import { changed } from '../support/changed.ts';
import type { Breakage, Pushing } from './playing.ts';

function files(change: (file: Pushing['file']) => Partial<Pushing['file']>): Breakage {
  return { push: ({ file, records }) => ({ file: changed(file, change(file)), records }) };
}

/** By what it is that is broken. */
export const pushBreakages: Readonly<Record<string, Breakage>> = {
  'push not recorded': {
    push: ({ file, records }) => ({ file, records: changed(records, { write: async () => undefined }) }),
  },
  'servers taken for as configured': files((file) => ({
    standings: async () => {
      const { servers, ...standings } = await file.standings();
      const asConfigured = servers.map((one) => ({ ...one, weight: one.configuredWeight, admin: 'ready' as const }));
      return { ...standings, servers: asConfigured };
    },
    passage: async () => undefined,
  })),
  'passage left in place': files((file) => {
    let isLed = false;
    return {
      put: async (text, state) => {
        if (!isLed) await file.put(text, state);
        isLed ||= state !== undefined;
      },
    };
  }),
};
