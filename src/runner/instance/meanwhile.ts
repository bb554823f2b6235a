/** What is looked at while the others of a company are waited for. */
import type { MeetingPoint } from '../../rollout/lifecycle.ts';
import type { Meanwhile } from './company.ts';
import { demandRunning } from './in-service.ts';
import { isUntouched } from './recorded.ts';
import { demandServing } from './new-serves.ts';
import { inServiceLook } from './steps/soak.ts';
import { belowFloor } from './floor.ts';
import { floorUnder, stillOut } from './take-out.ts';
import type { StepWatch, Work } from './work.ts';

type Look = Meanwhile['look'];

const looks: Readonly<Partial<Record<MeetingPoint, (work: Work, watch: StepWatch) => Look>>> = {
  // Its old container runs still, so that it can be given back when others bring the backend below its floor.
  drained: (work, watch) => async (away) => {
    if (!(await belowFloor(floorUnder(work))) || !(await isUntouched(work))) return;
    await away(() => stillOut(work, watch));
  },
  checked: (work) => () => demandRunning(work),
  serving: (work, watch) => inServiceLook(work, watch),
  // Nothing but it serves any more.
  released: (work, watch) => {
    const look = inServiceLook(work, watch);
    return async () => {
      await demandServing(work);
      await look();
    };
  },
};

export function meanwhileOf(point: MeetingPoint, work: Work, watch: StepWatch): Meanwhile {
  return { watch, look: looks[point]?.(work, watch) ?? (async () => undefined) };
}
