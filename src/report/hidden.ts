import type { RunEvent } from '../rollout/events.ts';
import type { SettingChange } from '../rollout/observed.ts';
import { withoutValues, type Secrets } from '../rollout/secret.ts';

/** Where texts for people are. What else there is, whoever goes on with a run needs as it is. */
const freeText = new Set(
  'again answer because changes details extraVars lastCheck note outcome output question reason text why'.split(' '),
);

/** The event without what the vault has encrypted, wherever a text for people may show it. */
export function withoutSecrets(event: RunEvent, secrets: Secrets): RunEvent {
  return secrets.isEmpty ? event : (hiddenIn(event, secrets) as RunEvent);
}

/** What a secret is in now, another may have been in before: that one nobody knows any more. */
export function withoutSecretsIn(change: SettingChange, secrets: Secrets): SettingChange {
  return [change.from, change.to].some((side) => secrets.isIn(side)) ? withoutValues(change) : change;
}

function isChanges(value: unknown): value is readonly SettingChange[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null && 'setting' in one);
}

function hiddenIn(value: unknown, secrets: Secrets): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => hiddenIn(item, secrets));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => [
      key,
      key === 'changes' && isChanges(item)
        ? item.map((change) => withoutSecretsIn(change, secrets))
        : freeText.has(key)
          ? secrets.hideIn(item)
          : hiddenIn(item, secrets),
    ]),
  );
}
