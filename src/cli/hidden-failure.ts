import { Failure } from '../errors.ts';
import type { Secrets } from '../rollout/secret.ts';

/** What was thrown, without the secrets in its sentence. */
export function withoutSecretsIn(error: unknown, secrets: Secrets): unknown {
  return error instanceof Failure && secrets.isIn(error.message)
    ? new Failure(error.code, secrets.hide(error.message), { cause: error })
    : error;
}
