import { Failure } from '../../errors.ts';

/** A reason not to start (`problem`), or something to know before starting (`warning`). */
export interface Finding {
  readonly kind: 'problem' | 'warning';
  readonly host: string;
  readonly text: string;
  /** The host itself cannot be reached, which has an exit status of its own. */
  readonly isUnreachable?: boolean;
}

/** A foreseen failure as a finding; anything else is a bug and goes on its way. */
export function problem(host: string, error: unknown): Finding {
  if (!(error instanceof Failure)) throw error;
  return { kind: 'problem', host, text: error.message, isUnreachable: error.code === 'unreachable' };
}

/**
 * `hasEnded`: what was over on the hosts has been ended, or put back, before, or what is kept there was taken out again.
 *
 * @throws Failure `unreachable` or `error` when there is a problem among the findings
 */
export function refuseIfProblems(findings: readonly Finding[], hasEnded = false): void {
  const problems = findings.filter(({ kind }) => kind === 'problem');
  if (problems.length === 0) return;
  const code = problems.some(({ isUnreachable }) => isUnreachable) ? 'unreachable' : 'error';
  const count = problems.length === 1 ? 'there is a problem' : `there are ${problems.length} problems`;
  throw new Failure(code, `Cannot start: ${count} (above); ${nothingElse(hasEnded)} was touched`);
}

/** What a run has done that is refused. */
export function nothingElse(hasEnded: boolean): string {
  return hasEnded ? 'nothing but what was over, or let in,' : 'nothing';
}

/** `what` was to be done. */
export function unconfirmed(what: string, hasEnded: boolean): string {
  const nothing = hasEnded ? 'Nothing but what was over, or let in,' : 'Nothing';
  return `${nothing} was changed: the ${what} was not confirmed`;
}
