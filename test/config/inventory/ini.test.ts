import { describe, expect, it } from 'vitest';
import { failureOf } from '../../../src/config/document.ts';
import { InventoryDraft } from '../../../src/config/inventory/draft.ts';
import { readIni } from '../../../src/config/inventory/ini.ts';

function complaintsAbout(text: string): string[] {
  return failureOf(readIni('hosts', text, new InventoryDraft())).message.split('\n');
}

describe('readIni()', () => {
  // prettier-ignore
  it.each<{ text: string; complaint: string }>([
    { text: '[g:foo]\nh',                 complaint: 'hosts:1:1: [g:foo] is no section, "foo" is unknown' },
    { text: '\n[g:childern]',             complaint: 'hosts:2:1: [g:childern] is no section, "childern" is unknown (did you mean "children"?)' },
    { text: '[my group]\nh',              complaint: 'hosts:1:1: [my group] is no section, write [group], [group:vars] or [group:children]' },
    { text: '[g',                         complaint: 'hosts:1:1: [g is no section, write [group], [group:vars] or [group:children]' },
    { text: '[]',                         complaint: 'hosts:1:1: [] is no section, write [group], [group:vars] or [group:children]' },
    { text: '[g] h',                      complaint: 'hosts:1:1: [g] h is no section, write [group], [group:vars] or [group:children]' },
    { text: '[../g]',                     complaint: 'hosts:1:1: "../g" is no name for a group' },
    { text: '[web]\nh\n[wbe:vars]\na=1',  complaint: 'hosts:3:1: [wbe:vars] is about the group "wbe", which is not defined (did you mean "web"?)' },
    { text: '[p:children]\nweb # x\n',    complaint: 'hosts:2:1: [p:children] includes the group "web", which is not defined' },
    { text: '[p:children]\nc a=1',        complaint: 'hosts:2:1: should be the name of a group, is "c a=1"' },
    { text: '[a:children]\na',            complaint: 'hosts:2:1: "a" cannot be a child of "a", which is "a" itself or below it' },
    { text: '[a:children]\nb\n[b:children]\na', complaint: 'hosts:4:1: "a" cannot be a child of "b", which is "a" itself or below it' },
    { text: '[a:children]\nall',          complaint: 'hosts:2:1: "all" cannot be a child of "a", which is "all" itself or below it' },
    { text: '[g]\nh\n[g:vars]\n  stray',  complaint: 'hosts:4:3: should be a variable such as "key = value"' },
    { text: '[g]\n[g:vars]\ndb_password: hunter22', complaint: 'hosts:3:1: should be a variable such as "key = value": write db_password = …' },
    { text: '[g]\n[g:vars]\n= 1',         complaint: 'hosts:3:1: should be a variable such as "key = value"' },
    { text: '[g]\n[g:vars]\nansible_group_priority=x', complaint: 'hosts:3:1: ansible_group_priority should be a whole number' },
    { text: 'h a=1 stray',                complaint: 'hosts:1:7: should be a variable such as key=value (a value with blanks needs quotation marks)' },
    { text: 'h a={{ b }}',                complaint: 'hosts:1:5: quote it: "{{ b }}"' },
    { text: 'h =5',                       complaint: 'hosts:1:3: should be a variable such as key=value (a value with blanks needs quotation marks)' },
    { text: 'h a="x',                     complaint: 'hosts:1:1: a quote is opened and never closed' },
    { text: '"a b"',                      complaint: 'hosts:1:1: "a b" is no name for a host' },
    { text: 'a;b',                        complaint: 'hosts:1:1: "a;b" is no name for a host' },
    { text: '-oProxyCommand',             complaint: 'hosts:1:1: "-oProxyCommand" is no name for a host' },
    { text: 'h[1:3',                      complaint: 'hosts:1:1: a "[" is never closed' },
    { text: 'h[5:1]',                     complaint: 'hosts:1:1: [5:1] is no range: it ends before it begins' },
    { text: 'h:0',                        complaint: 'hosts:1:1: the port after ":" should be a number from 1 to 65535' },
    { text: 'h:ssh',                      complaint: 'hosts:1:1: the port after ":" should be a number from 1 to 65535' },
  ])('complains about $text', ({ text, complaint }) => {
    expect(complaintsAbout(text)).toEqual([complaint]);
  });

  it('complains about everything at once', () => {
    expect(complaintsAbout('[web\nh a\n[x:vars]\n[p:children]\nq\n[z:huh]\n')).toEqual([
      'hosts:1:1: [web is no section, write [group], [group:vars] or [group:children]',
      'hosts:3:1: [x:vars] is about the group "x", which is not defined',
      'hosts:5:1: [p:children] includes the group "q", which is not defined',
      'hosts:6:1: [z:huh] is no section, "huh" is unknown',
    ]);
  });

  it('knows the groups of the sources before', () => {
    const draft = new InventoryDraft();

    const complaints = [...readIni('one', '[web]\nh', draft), ...readIni('two', '[web:vars]\na=1', draft)];

    expect(complaints).toEqual([]);
    expect(draft.group('web').vars.get('a')).toBe(1);
  });
});
