/** A unix socket of a host by a command there, where the SSH server does not forward it, or not for this user. */
import { quoted } from '../link.ts';

/** A program that carries its standard input and output to a socket. */
export interface Relay {
  /** The command line, as it is told. */
  readonly line: string;
  /**
   * What becomes of the end of our input. `passed`: the socket sees it, and its answer comes all the same. `kept`: the
   * program would end with it, so it is kept from it. `after one write`: only then does the program end when the socket
   * does, so it is given at once.
   */
  readonly end: 'passed' | 'kept' | 'after one write';
}

export interface Wanted {
  readonly path: string;
  readonly speaks: 'docker' | undefined;
  readonly become: boolean;
}

/** Prints the names of what there is. OpenBSD's nc must be told to pass the end on (-N), nmap's does so by itself. */
export const LOOK_FOR_RELAYS = [
  'PATH="$PATH:/usr/local/bin:/usr/bin:/usr/sbin:/sbin"',
  'for p in docker socat nc; do command -v $p > /dev/null 2>&1 && echo $p; done',
  'h=$(nc -h 2>&1 < /dev/null)',
  `case "$h" in *-U*) echo nc-U ;; esac`,
  `case "$h" in *-N*) echo nc-N ;; esac`,
  ':',
].join('\n');

/**
 * The best of those there are. Docker's own carries Docker's streams in full, but takes more of the host's processor to
 * start, so that it is the last for HAProxy, which is asked many times a second.
 */
export function relayTo({ path, speaks, become }: Wanted, there: readonly string[]): Relay | undefined {
  const sudo = become ? 'sudo -n -- ' : '';
  const docker = there.includes('docker') && {
    line: `${sudo}docker -H ${quoted(`unix://${path}`)} system dial-stdio`,
    end: 'passed' as const,
  };
  // Signs that mean something in an address of socat's.
  const socat = there.includes('socat') &&
    !/[,:!"'\\[({]/.test(path) && {
      // Without a time limit of its own it would stay for half a second when the socket has closed.
      line: `${sudo}socat -t0 - UNIX-CONNECT:${quoted(path)}`,
      end: 'kept' as const,
    };
  const nc = there.includes('nc-U') && {
    line: `${sudo}nc ${there.includes('nc-N') ? '-N ' : ''}-U ${quoted(path)}`,
    end: 'after one write' as const,
  };
  return (speaks === 'docker' ? docker || socat : socat || nc || docker) || undefined;
}
