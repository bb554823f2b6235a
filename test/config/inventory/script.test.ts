import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadInventory } from '../../../src/config/inventory/load.ts';
import { reasonOf } from '../../../src/errors.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-script-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function complaintsAbout(script: string): string[] {
  const path = join(folder, 'inv');
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  try {
    loadInventory([path]);
  } catch (error) {
    return reasonOf(error).replaceAll(`${folder}/`, '').split('\n');
  }
  return [];
}

describe('readScript()', () => {
  // prettier-ignore
  it.each([
    { why: 'fails',                script: '#!/bin/sh\necho "no token" >&2\nexit 3',  complaint: 'inv:1:1: inv --list ended with status 3: no token' },
    { why: 'is killed',            script: '#!/bin/sh\nkill -9 $$',                   complaint: 'inv:1:1: inv --list was ended by SIGKILL' },
    { why: 'cannot be run',        script: '#!/no/such/interpreter\n',                complaint: 'inv:1:1: inv --list cannot be run: there is no such interpreter as its first line names' },
    { why: 'never ends',           script: '#!/bin/sh\nexec cat /dev/zero',          complaint: 'inv:1:1: inv --list answers with more than 100 MB' },
    { why: 'says no JSON',         script: '#!/bin/sh\necho nonsense',                complaint: 'inv:1:1: inv --list answers with what is no JSON' },
    { why: 'has a damaged vault',  script: `#!/bin/sh\necho '{"g": {"vars": {"a": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\\\\n0"}}}}'`, complaint: 'inv:1:1: inv --list answers with what is encrypted with Ansible Vault, but it is damaged' },
    { why: 'says a list',          script: '#!/bin/sh\necho "[1]"',                   complaint: 'inv:1:1: its answer to --list should be a mapping, is a list' },
    { why: 'has odd hosts',        script: `#!/bin/sh\necho '{"g": {"hosts": "h"}}'`, complaint: 'inv:1:1: the hosts of "g" should be a list of names, is the text "h"' },
    { why: 'has a strange host',   script: `#!/bin/sh\necho '{"g": ["a;b"], "_meta": {"hostvars": {}}}'`, complaint: 'inv:1:1: "a;b" is no name for a host' },
    { why: 'has a strange group',  script: `#!/bin/sh\necho '{"../g": []}'`,          complaint: 'inv:1:1: "../g" is no name for a group' },
    { why: 'goes round in groups', script: `#!/bin/sh\necho '{"a": {"children": ["b"]}, "b": {"children": ["a"]}}'`, complaint: 'inv:1:1: "a" cannot be a child of "b", which is "a" itself or below it' },
    { why: 'fails for one host',   script: `#!/bin/sh\n[ "$1" = --list ] && echo '{"g": ["h"]}' || exit 1`, complaint: 'inv:1:1: inv --host h ended with status 1' },
  ])('complains about a script that $why', ({ script, complaint }) => {
    expect(complaintsAbout(script)).toEqual([complaint]);
  });
});
