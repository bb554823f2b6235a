import { Failure } from '../../errors.ts';

/** Requests that came to the new container, or HAProxy's own checks, have shown that it does not serve as it should. */
export class ServesBadly extends Failure {
  constructor(message: string) {
    super('haproxy', message);
  }
}
