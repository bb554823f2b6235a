/** How long things take in a story, in milliseconds. */
export interface Pace {
  /** The shortest and the longest of the requests that are long. */
  readonly longRequestMs: readonly [number, number];
  readonly drainTimeoutMs: readonly [number, number, number];
  /** Until a new container answers, between two checks of HAProxy's, and of a soak. */
  readonly answersAfterMs: readonly [number, number, number];
  readonly checkEveryMs: readonly [number, number];
  readonly soakMs: readonly [number, number];
  /** What an instance takes, about: disasters happen within that. */
  readonly instanceMs: number;
}

export const leisurely: Pace = {
  longRequestMs: [1_000, 9_000],
  drainTimeoutMs: [1_000, 4_000, 10_000],
  ...{ answersAfterMs: [50, 300, 700], checkEveryMs: [200, 500], soakMs: [500, 2_000] },
  instanceMs: 4_000,
};

/** The same shorter: most of a leisurely story is looks at a server that has a request in hand still. */
export const brisk: Pace = {
  ...leisurely,
  longRequestMs: [500, 3_000],
  drainTimeoutMs: [500, 1_500, 4_000],
  instanceMs: 2_500,
};

/** Shorter still, what containers and HAProxy take too: most of a brisk story is looks at a server that is not UP yet. */
export const hasty: Pace = {
  longRequestMs: [300, 1_500],
  drainTimeoutMs: [300, 1_000, 2_000],
  ...{ answersAfterMs: [20, 80, 200], checkEveryMs: [30, 80], soakMs: [200, 500] },
  instanceMs: 1_300,
};
