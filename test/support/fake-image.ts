import type { Image } from '../../src/rollout/observed.ts';

/** How an image behaves once it runs; times in milliseconds from the start. */
export interface Behaviour {
  readonly answersAfterMs?: number;
  readonly neverAnswers?: boolean;
  readonly exitsAfterMs?: number;
  readonly unhealthyAfterMs?: number;
  /** From then on it answers every request with a 5xx, but not its checks. */
  readonly errsAfterMs?: number;
  /** Falls over then, and is up again at once. */
  readonly restartsAfterMs?: number;
  /** From then on it answers nothing, while its process goes on. */
  readonly hangsAfterMs?: number;
  /** How it behaves from its second start on; as in its first unless said. */
  readonly again?: Behaviour;
}

export interface FakeImage extends Image {
  readonly behaviour: Behaviour;
}

/** How a container of it behaves in the start that it is in. */
export function behaviourOf({
  image: { behaviour },
  starts,
}: {
  readonly image: FakeImage;
  readonly starts: number;
}): Behaviour {
  return starts > 1 ? { ...behaviour, ...behaviour.again } : behaviour;
}
