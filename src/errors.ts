/** Why a foreseen failure happened; each has one exit status. */
export type FailureCode =
  | 'error'
  | 'some-failed'
  | 'unreachable'
  | 'refused'
  | 'config'
  | 'out-of-service'
  | 'stopped'
  | 'locked'
  | 'interrupted'
  | 'docker'
  | 'haproxy';

/**
 * A failure we foresaw. The message is a sentence for the operator, "Cannot <do what>: <why>", with the
 * values in it; the original error is the `cause`. Anything that is not a `Failure` is a bug.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Exit statuses: Ansible's where it has one (1, 2, 4, 5, 99, 250), `terraform plan`'s idea for 3 (which is not
 * a failure and so not here), EX_TEMPFAIL of sysexits(3) for 75. Documented in README.md.
 */
export const exitStatuses: Readonly<Record<FailureCode, number>> = {
  error: 1,
  refused: 1,
  docker: 1,
  haproxy: 1,
  'some-failed': 2,
  unreachable: 4,
  config: 5,
  'out-of-service': 7,
  stopped: 8,
  locked: 75,
  interrupted: 99,
};

/** The plan has changes, with `--detailed-exitcode`. */
export const HAS_CHANGES_STATUS = 3;

/** Something we did not foresee: a bug of ours. */
export const BUG_STATUS = 250;

export function exitStatusOf(error: unknown): number {
  return error instanceof Failure ? exitStatuses[error.code] : BUG_STATUS;
}

/** What to tell a person about anything thrown, on one line. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
