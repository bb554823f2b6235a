/**
 * How one host is to be reached, as far as inventory and command line say. What they leave open is for the operator's
 * `~/.ssh/config`, and OpenSSH's defaults.
 */
export interface SshRequest {
  /** The inventory's name, for messages. */
  readonly host: string;
  /** The name or address that `ssh` would be given. */
  readonly destination: string;
  /** As `ssh` would be given them with `-o`: of several values of one keyword the first counts; identity files add up. */
  readonly options: readonly SshOption[];
  /** Who connects; undefined: nobody has said. */
  readonly transport: Transport | undefined;
  /** Do as root, by sudo, what the user may not do. */
  readonly become: boolean;
  /** What is read instead of `~/.ssh/config`, as with `ssh -F`; `none` is no file at all. */
  readonly configFile: string | undefined;
}

/** sluice itself, by ssh2, or the `ssh` of the system. */
export type Transport = 'ssh2' | 'openssh';

export interface SshOption {
  /** In lower case. */
  readonly keyword: string;
  /** As it would stand in a configuration file, in quotes if need be. */
  readonly value: string;
}
