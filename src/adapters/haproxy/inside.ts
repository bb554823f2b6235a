/** Where the files and processes of an HAProxy are, seen from its host. */
export interface Inside {
  /** The path on the host of what is `path` to HAProxy. */
  readonly pathOf: (path: string) => Promise<string>;
  /** A /proc that has its processes by the ids that it knows them by. */
  readonly procDir: () => Promise<string>;
}

/** An HAProxy that is no container's. */
export const onHost: Inside = {
  pathOf: (path) => Promise.resolve(path),
  procDir: () => Promise.resolve('/proc'),
};
