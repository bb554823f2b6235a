/** Servers at HAProxys that a run goes without: kept beside the others, for whoever takes the run back. */
import type { FrontTier, Instance, Server } from './model.ts';

type Part = Pick<Instance, 'servers' | 'leftOut'>;

/** The instance with these of its servers only, in all of its slots. */
export function withServers<One extends Omit<Instance, 'spec'>>(
  instance: One,
  isIts: (server: Server) => boolean,
): One {
  return inEach(instance, (part) => only(part, isIts));
}

/** The tier with these of its servers only. */
export function frontWith(front: FrontTier, isIts: (server: Server) => boolean): FrontTier {
  return only(front, isIts);
}

/** The instance with all of its servers, those too that the run went without. */
export function wholeAgain<One extends Omit<Instance, 'spec'>>(instance: One): One {
  return inEach(instance, whole);
}

export function wholeFront<Front extends FrontTier>(front: Front): Front {
  return whole(front);
}

function inEach<One extends Omit<Instance, 'spec'>>(instance: One, change: <P extends Part>(part: P) => P): One {
  const { slots, leaving, other } = instance;
  return {
    ...change(instance),
    ...(slots && { slots: [change(slots[0]), change(slots[1])] as const }),
    ...(leaving && { leaving: change(leaving) }),
    ...(other && { other: change(other) }),
  };
}

function only<P extends Part>(part: P, isIts: (server: Server) => boolean): P {
  const { servers, leftOut = [] } = part;
  if (servers.every(isIts)) return part;
  return {
    ...part,
    servers: servers.filter(isIts),
    leftOut: [...leftOut, ...servers.filter((server) => !isIts(server))],
  };
}

function whole<P extends Part>(part: P): P {
  const { servers, leftOut = [] } = part;
  return leftOut.length === 0 ? part : { ...part, servers: [...servers, ...leftOut], leftOut: [] };
}
