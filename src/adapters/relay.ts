/** A unix socket by a command where it is, when there is no other way to it, or not for this user. */
import { quoted } from './link.ts';

/** A program that carries its standard input and output to a socket. */
export interface Relay {
  readonly line: string;
  /** The same as it is told. */
  readonly told: string;
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
  'perl -MSocket -e 1 > /dev/null 2>&1 && echo perl',
  ':',
].join('\n');

/** Those of them that can carry a socket of HAProxy's, for whoever is to install one. */
export const RELAYS_FOR_HAPROXY = 'socat, nc with -U, perl';

/**
 * One process for each direction, so that none waits for the other. Debian's base system has this much of Perl (package
 * perl-base), and so have the images that are built on it.
 */
const PERL = `
  sub carry { my ($from, $to) = @_;
    for (;;) { my $read = sysread $from, my $chunk, 65536; defined $read or die "$!\\n"; $read or return;
      for (my $at = 0; $at < $read;) { my $put = syswrite $to, $chunk, $read - $at, $at; defined $put or die "$!\\n"; $at += $put } } }
  socket(S, AF_UNIX, SOCK_STREAM, 0) && connect(S, sockaddr_un(shift)) or die "$!\\n";
  defined(my $child = fork) or die "$!\\n";
  if ($child) { carry(*S, *STDOUT); kill TERM => $child; exit }
  carry(*STDIN, *S); shutdown S, 1`.replaceAll(/\n\s*/g, ' ');

/**
 * The best of those there are. Docker's own carries Docker's streams in full, but takes more of the host's processor to
 * start, so that it is the last for HAProxy, which is asked many times a second.
 */
export function relayTo({ path, speaks, become }: Wanted, there: readonly string[]): Relay | undefined {
  const has = (name: string): boolean => there.includes(name);
  const docker = has('docker') && {
    words: `docker -H ${quoted(`unix://${path}`)} system dial-stdio`,
    end: 'passed' as const,
  };
  // Signs that mean something in an address of socat's.
  const socat = has('socat') &&
    !/[,:!"'\\[({]/.test(path) && {
      // Without a time limit of its own it would stay for half a second when the socket has closed.
      words: `socat -t0 - UNIX-CONNECT:${quoted(path)}`,
      end: 'kept' as const,
    };
  const nc = has('nc-U') && {
    words: `nc ${has('nc-N') ? '-N ' : ''}-U ${quoted(path)}`,
    end: 'after one write' as const,
  };
  const perl = has('perl') && {
    words: `perl -MSocket -e ${quoted(PERL)} ${quoted(path)}`,
    told: `perl, to ${path}`,
    end: 'passed' as const,
  };
  const relay = (speaks === 'docker' ? docker || socat || perl : socat || nc || perl || docker) || undefined;
  const sudo = become ? 'sudo -n -- ' : '';
  return relay && { told: `${sudo}${relay.words}`, ...relay, line: `${sudo}${relay.words}` };
}
