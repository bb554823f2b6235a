/** Why a foreseen failure happened; each has one exit status. */
export type FailureCode =
  | 'error'
  | 'some-failed'
  | 'unreachable'
  | 'refused'
  | 'late'
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

/** Proof that there is none of what was looked for: no such file, nobody who listens, no such container. */
export class Absent extends Failure {}

/** A name that is taken, perhaps by what is being made or removed still. */
export class Conflict extends Failure {}

/**
 * Exit statuses: Ansible's where it has one (1, 2, 4, 5, 99, 250), `terraform plan`'s idea for 3 (which is not
 * a failure and so not here), EX_TEMPFAIL of sysexits(3) for 75. Documented in README.md.
 */
export const exitStatuses: Readonly<Record<FailureCode, number>> = {
  error: 1,
  refused: 1,
  late: 1,
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

/**
 * Whether nothing was heard of what was asked: of a host that is lost, or of a service there that takes too long (`late`).
 * How things stand there is not known, and what was asked may have been done.
 */
export function isOutOfReach({ code }: Failure): boolean {
  return code === 'unreachable' || code === 'late';
}

/** What the system refuses with, in words (errno(3)). */
const refusals: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ELOOP: 'its symbolic links lead round in a circle',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'its name is too long',
  ENOENT: 'there is no such file',
  ENOSPC: 'no space is left on the disk',
  ENOTDIR: 'a part of the path is no folder',
  EPERM: 'the system does not permit it',
  EROFS: 'the file system is read-only',
};

/** What to tell a person about anything thrown, on one line. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!('code' in error && 'syscall' in error)) return error.message;
  const isAboutFile = !/^(connect|spawn)/.test(String(error.syscall));
  return (isAboutFile ? refusals[String(error.code)] : undefined) ?? error.message;
}

/** Whether the system refused with this, such as `ENOENT`. */
export function isRefusal(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
