import type { RunEvent } from '../rollout/events.ts';
import type { Secrets } from '../rollout/secret.ts';

/** Where texts for people are. What else there is, whoever goes on with a run needs as it is. */
const freeText = new Set(
  'answer because changes details extraVars lastCheck outcome question reason text why'.split(' '),
);

/** The event without what the vault has encrypted, wherever a text for people may show it. */
export function withoutSecrets(event: RunEvent, secrets: Secrets): RunEvent {
  return secrets.isEmpty ? event : (hiddenIn(event, secrets) as RunEvent);
}

function hiddenIn(value: unknown, secrets: Secrets): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => hiddenIn(item, secrets));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => [
      key,
      freeText.has(key) ? secrets.hideIn(item) : hiddenIn(item, secrets),
    ]),
  );
}
