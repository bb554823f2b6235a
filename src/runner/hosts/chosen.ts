import { serverPath } from '../../rollout/model.ts';
import type { ServerState } from '../../rollout/observed.ts';

/** Whether it is one of these servers; of none said it is any. */
export function isChosen(state: Pick<ServerState, 'server'>, names: readonly string[]): boolean {
  return names.length === 0 || names.some((name) => isNamed(state, name));
}

export function isNamed({ server }: Pick<ServerState, 'server'>, name: string): boolean {
  return server.name === name || serverPath(server) === name;
}
