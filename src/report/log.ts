import { createLogger, format, transports } from 'winston';

export interface Log {
  info(text: string): void;
  debug(text: string): void;
}

/** Lines for people, on stderr: stdout is for what a program or a pipe may want. `verbosity`: 0, 1 (`-v`), 2 (`-vv`). */
export function createLog(verbosity: number): Log {
  const levels = ['info', 'verbose', 'debug'];
  const logger = createLogger({
    level: levels[Math.min(verbosity, 2)] ?? 'info',
    // A blank line parts the batches; every other line says when.
    format: format.combine(
      format.timestamp({ format: 'HH:mm:ss' }),
      format.printf(({ message, timestamp }) => (message === '' ? '' : `${String(timestamp)} ${String(message)}`)),
    ),
    // winston declares its transports as interfaces with constructors, which the rule cannot see through.
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
    transports: [new transports.Console({ stderrLevels: ['error', 'warn', 'info', 'verbose', 'debug'] })],
  });
  return {
    info: (text) => {
      logger.info(text);
    },
    debug: (text) => {
      logger.debug(text);
    },
  };
}
