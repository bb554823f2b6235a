import { run } from '../../lab/shell.ts';

/** The names of the files below a folder that have the text in them, a line each. */
export async function filesWith(text: string, dir: string): Promise<string> {
  return run('sh', ['-c', 'grep -rlF -e "$1" "$2" || [ $? = 1 ]', 'sh', text, dir]);
}
