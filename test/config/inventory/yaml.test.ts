import { describe, expect, it } from 'vitest';
import { failureOf, readDocument } from '../../../src/config/document.ts';
import { InventoryDraft } from '../../../src/config/inventory/draft.ts';
import { readYaml } from '../../../src/config/inventory/yaml.ts';

function complaintsAbout(text: string): string[] {
  return failureOf(readYaml(readDocument('hosts.yml', text), new InventoryDraft())).message.split('\n');
}

describe('readYaml()', () => {
  // prettier-ignore
  it.each<{ text: string; complaint: string }>([
    { text: '- a',                                 complaint: 'hosts.yml:1:1: the inventory should be a mapping, is a list' },
    { text: 'fe1',                                 complaint: 'hosts.yml:1:1: the inventory should be a mapping, is the text "fe1"' },
    { text: 'web:\n  hosts: [fe1, fe2]',           complaint: 'hosts.yml:2:10: "hosts" should be a mapping, is a list' },
    { text: 'web:\n  hosts:\n    fe1: foo',        complaint: 'hosts.yml:3:10: the host "fe1" should be a mapping, is the text "foo"' },
    { text: 'web: 5',                              complaint: 'hosts.yml:1:6: the group "web" should be a mapping, is 5' },
    { text: 'web:\n  vars: [1]',                   complaint: 'hosts.yml:2:9: "vars" should be a mapping, is a list' },
    { text: 'web:\n  children: [a]',               complaint: 'hosts.yml:2:13: "children" should be a mapping, is a list' },
    { text: 'web:\n  hsots: {a: }',                complaint: 'hosts.yml:2:3: "hsots" is not a key of a group (did you mean "hosts"?)' },
    { text: 'web:\n  fe1:',                        complaint: 'hosts.yml:2:3: "fe1" is not a key of a group' },
    { text: 'my group:\n  hosts: {a: }',           complaint: 'hosts.yml:1:1: "my group" is no name for a group' },
    { text: 'web:\n  hosts:\n    yes:',            complaint: 'hosts.yml:3:5: "true" is no name for a host' },
    { text: 'web:\n  hosts:\n    "a\\nb":',        complaint: 'hosts.yml:3:5: "a\\nb" is no name for a host' },
    { text: 'web:\n  hosts:\n    "fe[5:1]":',      complaint: 'hosts.yml:3:5: [5:1] is no range: it ends before it begins' },
    { text: 'web:\n  hosts:\n    "fe1:99999":',    complaint: 'hosts.yml:3:5: the port after ":" should be a number from 1 to 65535' },
    { text: 'a:\n  children:\n    b:\n      children:\n        a:', complaint: 'hosts.yml:3:5: "b" cannot be a child of "a", which is "b" itself or below it' },
    { text: 'a:\n  vars:\n    ansible_group_priority: high', complaint: 'hosts.yml:3:29: ansible_group_priority should be a whole number' },
    { text: 'plugin: aws_ec2\nregions: []',        complaint: 'hosts.yml:1:1: inventory plugins are not supported yet' },
  ])('complains about $text', ({ text, complaint }) => {
    expect(complaintsAbout(text)).toEqual([complaint]);
  });

  it('complains about everything at once', () => {
    expect(complaintsAbout('web:\n  hosts: []\n  vrs: {}\ndb:\n  children: 5\n')).toEqual([
      'hosts.yml:2:10: "hosts" should be a mapping, is a list',
      'hosts.yml:3:3: "vrs" is not a key of a group (did you mean "vars"?)',
      'hosts.yml:5:13: "children" should be a mapping, is 5',
    ]);
  });
});
