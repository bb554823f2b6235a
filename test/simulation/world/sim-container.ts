import type { ContainerSpec } from '../../../src/rollout/container-spec.ts';
import type { Container, Image } from '../../../src/rollout/observed.ts';
import type { Coming } from './timeline.ts';

/** How an image behaves once it runs; milliseconds from the start. */
export interface Behaviour {
  readonly answersAfterMs: number;
  readonly neverAnswers?: boolean;
  readonly exitsAfterMs?: number;
  /** From then on its healthcheck fails, and it does not answer. */
  readonly unhealthyAfterMs?: number;
  /** From then on it answers requests with errors, and its healthcheck passes. */
  readonly errsAfterMs?: number;
  /** How it behaves from its second start on; as in its first unless said. */
  readonly again?: Omit<Behaviour, 'again'>;
}

/** How it behaves in the start that it is in. */
export function behaviourOf({ image: { behaviour }, starts }: SimContainer): Behaviour {
  return starts > 1 ? (behaviour.again ?? behaviour) : behaviour;
}

export interface SimImage extends Image {
  readonly behaviour: Behaviour;
}

export interface SimContainer {
  readonly id: string;
  name: string;
  readonly reference: string;
  readonly image: SimImage;
  readonly spec: ContainerSpec;
  /** The port it publishes: what servers point at. */
  readonly port: number;
  status: 'created' | 'running' | 'exited';
  exitCode: number;
  restartCount: number;
  restart: Container['restart'];
  startedMs: number;
  firstStartedMs: number;
  starts: number;
  /** It was asked to stop, and has not been started since. */
  wasStopped: boolean;
  /** It has fallen over and is about to be started again: Docker calls that running too. */
  isRestarting: boolean;
  answers: boolean;
  /** It broke by itself, or with its host: not by anything that was asked for. */
  isBroken: boolean;
  /** When it last did. */
  brokeMs: number;
  coming: Coming | undefined;
}
