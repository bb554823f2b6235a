/**
 * What weights mean to the algorithm of a backend. `any`: its servers get requests by whatever weight they are given.
 * `fixed`: only 0 and the configured one can be given. `unheeded`: all but 0 are the same to it. `unknown`: HAProxy does
 * not tell.
 */
export type Weights = 'any' | 'fixed' | 'unheeded' | 'unknown';

const BY_NAME: Readonly<Record<string, Weights>> = {
  ...{ roundrobin: 'any', leastconn: 'any', random: 'any', 'static-rr': 'fixed', first: 'unheeded' },
};

/**
 * Of those that the name alone decides for (configuration manual, "balance"). Undefined: HAProxy must be asked, as of every
 * hash, whose `hash-type` decides.
 *
 * @param algorithm as HAProxy names it, such as `random(2)`
 */
export function weightsByName(algorithm: string): Weights | undefined {
  return BY_NAME[algorithm.replace(/\(.*$/, '')];
}
