import { Failure } from '../../errors.ts';
import { isUsable } from '../../rollout/capacity.ts';
import { serverPath } from '../../rollout/model.ts';
import { whyNotUp } from '../../rollout/monitor.ts';
import type { Watch } from '../waiting/watch.ts';
import { UP_WITHIN_AT_LEAST_MS } from './put-back-as-found.ts';
import { putBack, stateOf } from './traffic.ts';
import { inTheEnd, type Work } from './work.ts';

/** The new container serves at all of its servers, whatever a reload, or a way home that was begun, has made of them. */
export async function haveNewServe({ found, instance, barriers }: Work, watch: Watch): Promise<void> {
  const withinMs = Math.max(instance.ready.withinMs, UP_WITHIN_AT_LEAST_MS);
  for (const barrier of barriers) barrier.lower();
  for (const { access, agent, ...standing } of found.map(inTheEnd)) {
    // Whatever weight somebody has given it since is theirs to give.
    const now = await stateOf(access);
    if (!isUsable(now)) await putBack(access, standing, { withinMs, expectUp: true, agent }, watch);
    else if (agent && !now.hasAgent) await access.balancer.setAgent(access.server, true);
  }
}

/** Before the old one is given up: nothing else would serve then. */
export async function demandServing({ found }: Pick<Work, 'found'>): Promise<void> {
  for (const { access, admin } of found.map(inTheEnd)) {
    if (admin !== 'ready') continue;
    const look = await access.balancer.look(access.server);
    const why = look.admin === 'ready' ? whyNotUp(look) : `is in ${look.admin}`;
    if (why !== undefined) {
      const where = `${serverPath(access.server)} on ${access.server.balancer.host}`;
      throw new Failure('haproxy', `${where}, which the new container is behind, ${why}`);
    }
  }
}
