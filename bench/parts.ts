/** What replacing one instance takes by hand, in milliseconds and in this order. */
export const floorParts = ['drain', 'stop', 'swap', 'start', 'healthy', 'up'] as const;

export type FloorPart = (typeof floorParts)[number];

/** How long each part of one instance took. */
export type FloorTimes = Readonly<Record<FloorPart, number>>;

export function totalOf(times: FloorTimes): number {
  return floorParts.reduce((sum, part) => sum + times[part], 0);
}
