/** How long things take in a story, in milliseconds. */
export interface Pace {
  /** The shortest and the longest of the requests that are long. */
  readonly longRequestMs: readonly [number, number];
  readonly drainTimeoutMs: readonly [number, number, number];
  /** What an instance takes, about: disasters happen within that. */
  readonly instanceMs: number;
}

export const leisurely: Pace = {
  longRequestMs: [1_000, 9_000],
  drainTimeoutMs: [1_000, 4_000, 10_000],
  instanceMs: 4_000,
};

/** The same shorter: most of a leisurely story is looks at a server that has a request in hand still. */
export const brisk: Pace = {
  longRequestMs: [500, 3_000],
  drainTimeoutMs: [500, 1_500, 4_000],
  instanceMs: 2_500,
};
