import { execFile, spawn } from 'node:child_process';

/** For every program the lab runs: nothing of the caller's environment gets into the hosts. */
export const cleanEnvironment: NodeJS.ProcessEnv = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
};

/** Runs a program and answers what it printed. @throws Error with what it wrote to stderr when it fails. */
export async function run(command: string, args: readonly string[]): Promise<string> {
  return await new Promise((resolve, reject) => {
    const options = { env: cleanEnvironment, maxBuffer: 64 * 1024 * 1024 };
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`Cannot run ${command} ${args.join(' ')}: ${(stderr || error.message).trim()}`));
    });
  });
}

/** Runs a program and says whether it succeeded. */
export async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return await run(command, args).then(
    () => true,
    () => false,
  );
}

/** Runs a program on this terminal and answers its exit status. */
export async function runHere(command: string, args: readonly string[]): Promise<number> {
  return await new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (status) => {
      resolve(status ?? 1);
    });
  });
}
