import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What tests write to the system's folder for temporary files goes into one of this run, which is removed at the end. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  // Some tests have another user come by, who may write wherever the system's own lets him.
  chmodSync(folder, 0o1777);
  process.env['TMPDIR'] = folder;
  return () => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
}
