import { expect, it } from 'vitest';
import { unheeded } from '../../../src/config/inventory/ansible-cfg.ts';

const SAID = '[defaults]\nforks = 20\nremote_user = deploy\n# timeout = 5\n[ssh_connection]\nssh_args = -J gate\n';

// prettier-ignore
it.each([
  { what: 'nothing, where there is no file',     files: {},                                  environment: {},                                    says: [] },
  { what: 'nothing, where it says nothing of it', files: { '/w/ansible.cfg': '[defaults]\nforks = 5\n' }, environment: {},                         says: [] },
  { what: 'what is said, with its lines',        files: { '/w/ansible.cfg': SAID },          environment: {},                                    says: [/^\/w\/ansible\.cfg is not read, and so not remote_user \(line 3\), ssh_args \(line 6\): say it/] },
  { what: 'the first file only',                 files: { '/w/ansible.cfg': '', '/h/.ansible.cfg': SAID }, environment: { HOME: '/h' },          says: [] },
  { what: 'the one of the home folder',          files: { '/h/.ansible.cfg': SAID },         environment: { HOME: '/h' },                        says: [/^\/h\/\.ansible\.cfg is not read/] },
  { what: 'the one that is named',               files: { '/x.cfg': SAID },                  environment: { ANSIBLE_CONFIG: '/x.cfg' },          says: [/^\/x\.cfg is not read/] },
  { what: 'the environment',                     files: {},                                  environment: { ANSIBLE_REMOTE_USER: 'deploy' },     says: [/not ANSIBLE_REMOTE_USER:/] },
])('tells of $what', ({ files, environment, says }) => {
  const texts: Readonly<Record<string, string>> = files;
  const told = unheeded({ environment, folder: '/w', read: (path) => texts[path] });

  expect(told).toEqual(says.map((pattern) => expect.stringMatching(pattern) as string));
});
