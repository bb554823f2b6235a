import { onTestFinished } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { Waiting } from '../../src/rollout/events.ts';
import type { LifeName, MeetingPoint } from '../../src/rollout/lifecycle.ts';
import { Company, type Meanwhile } from '../../src/runner/instance/company.ts';
import { VirtualClock } from './virtual-clock.ts';

export const [ONE, TWO, THREE] = ['pxApp_1', 'pxApp_2', 'pxApp_3'] as const;

/** What becomes of one of them, and why the others then go home. */
export const sick = new Failure('docker', 'pxApp_2 on fe1 has exited');
export const BACK = 'goes back with pxApp_2: pxApp_2 on fe1 has exited';

interface Meeting {
  readonly look?: Meanwhile['look'];
  readonly signal?: AbortSignal;
}

/** Members of a company, what they have come to, and the time that passes while all of them wait. */
export function aCompany(names: readonly string[] = [ONE, TWO], life: LifeName = 'recreate-host') {
  const clock = new VirtualClock();
  const company = new Company(names, life);
  const told: Waiting[] = [];
  const past: string[] = [];
  const nobody = new AbortController();
  onTestFinished(() => {
    nobody.abort(new Error('the test is over'));
  });
  const meanwhile = ({ look = async () => undefined, signal = nobody.signal }: Meeting): Meanwhile => ({
    look,
    watch: { clock, signal, waiting: (waiting) => told.push(waiting), remark: () => undefined },
  });
  const noting = (name: string, waiting: Promise<void>): Promise<void> => {
    const noted = waiting.then(() => void past.push(name));
    // Each is asked about in its test.
    noted.catch(() => undefined);
    return noted;
  };
  return {
    ...{ company, clock, told, past },
    pass: (ms: number): Promise<void> => clock.sleep(ms, nobody.signal),
    meets: (name: string, point: MeetingPoint, meeting: Meeting = {}): Promise<void> =>
      noting(name, company.meet(name, point, meanwhile(meeting))),
    follows: (name: string, point: MeetingPoint, meeting: Meeting = {}): Promise<void> =>
      noting(name, company.follow(name, point, meanwhile(meeting))),
  };
}
