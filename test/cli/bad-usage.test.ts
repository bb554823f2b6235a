import { describe, expect, it } from 'vitest';
import { readArguments } from '../../src/cli/arguments.ts';

const around = { version: '1.2.3', environment: {} };

describe('readArguments() refuses', () => {
  // prettier-ignore
  it.each<{ why: string; line: string; says: RegExp }>([
    { why: 'no command',                       line: '',                                     says: /: Say what to do: rollout, plan, rollback, drain, restore, switch-back, retire, maintain, recover, resume, haproxy, lock, status, doctor, hosts, inventory, history or show/ },
    { why: 'options without a command',        line: '-i a --json',                          says: /: Say what to do/ },
    { why: 'a command that is nearly one',     line: 'rolout p -i a',                        says: /Did you mean rollout\?/ },
    { why: 'a command in capitals',            line: 'Status -i a',                          says: /Did you mean status\?/ },
    { why: 'a command that is far from any',   line: 'frobnicate -i a',                      says: /frobnicate/ },
    { why: 'an option it does not know',       line: 'status -i a --limmit x',               says: /limmit/ },
    { why: 'a short option it does not know',  line: 'status -i a -q',                       says: /Unknown argument: q/ },
    { why: 'an option of another command',     line: 'restore h -i a --note x',              says: /note/ },
    { why: 'rollout options for a drain',      line: 'drain h -i a --force',                 says: /force/ },
    { why: 'drain options for a status',       line: 'status -i a --on-timeout fail',        says: /on-timeout/ },
    { why: 'an option of other commands',      line: 'recover h -i a --take-over',            says: /Unknown argument: take-over: other commands have it, this one has not/ },
    { why: 'two playbooks',                    line: 'rollout a b -i a',                     says: /Unknown argument: b/ },
    { why: 'two patterns',                     line: 'status h k -i a',                      says: /Unknown argument: k/ },
    { why: 'an inventory taken as a list',     line: 'drain h -i a b',                       says: /Unknown argument: b/ },
    { why: 'hosts for a look at files',        line: 'history -l h -f 3',                    says: /^Cannot use --limit, --forks with history: it reaches no host$/ },
    { why: 'a user for a look at an inventory', line: 'inventory --list -i a -u x',           says: /^Cannot use --user with inventory: it reaches no host$/ },
    { why: 'a show of no run',                 line: 'show',                                 says: /: show needs the id of a run, or "last" \(/ },
    { why: 'trust in no hosts',                line: 'hosts trust -i a',                     says: /: hosts needs "trust" and hosts, such as all \(/ },
    { why: 'a rollout of no playbook',         line: 'rollout -i a',                         says: /: rollout needs a playbook \(/ },
    { why: 'a plan of no playbook',            line: 'plan -i a',                            says: /: plan needs a playbook \(/ },
    { why: 'a drain of no hosts',              line: 'drain -i a',                           says: /: drain needs hosts, such as all \(/ },
    { why: 'words for no command',           line: 'drain h -i a -- reboot',                says: /: Cannot tell what "reboot" is for|Cannot tell what "reboot" is for/ },
    { why: 'nothing to be done',             line: 'maintain h -i a',                       says: /Cannot maintain anything: say a command after --, or --reboot/ },
    { why: 'a reboot command without one',   line: 'maintain h -i a --reboot-command x -- y', says: /Cannot use --reboot-command: it goes with --reboot/ },
    { why: 'a restore of no hosts',            line: 'restore -i a',                         says: /: restore needs hosts, such as all \(/ },
    { why: 'no inventory',                     line: 'status',                               says: /^Cannot tell which hosts there are: name an inventory with -i$/ },
    { why: 'an inventory option without one',  line: 'status -i',                            says: /: -i needs a value \(/ },
    { why: 'an option for an inventory',       line: 'status -i --json',                     says: /: -i needs a value \(/ },
    { why: 'a limit without a value',          line: 'status -i a -l',                       says: /: -l needs a value \(/ },
    { why: 'a note without a value',           line: 'drain h -i a -m',                      says: /: -m needs a value \(/ },
    { why: 'no forks',                         line: 'status -i a -f 0',                     says: /^Cannot use --forks 0: it must be a whole number above 0$/ },
    { why: 'no pulls',                         line: 'rollout p -i a --max-parallel-pulls 0', says: /^Cannot use --max-parallel-pulls 0: it must be a whole number above 0$/ },
    { why: 'half a fork',                      line: 'status -i a -f 1.5',                   says: /--forks 1\.5/ },
    { why: 'forks in words',                   line: 'status -i a --forks many',             says: /--forks many/ },
    { why: 'forks without a value',            line: 'status -i a --forks=',                 says: /--forks/ },
    { why: 'a connect timeout in words',       line: 'status -i a -T soon',                  says: /^Cannot use --connect-timeout "soon": it must be a duration such as 30s or 1m30s$/ },
    { why: 'a drain timeout without its unit', line: 'drain h -i a --timeout 5',             says: /^Cannot use --timeout "5": it must be a duration/ },
    { why: 'a socket that is none',            line: 'status -i a --socket run/x',           says: /^Cannot use --socket run\/x: it must be an absolute path, or an address/ },
    { why: 'an address in a container',        line: 'status -i a --socket a:1 --haproxy-container lb', says: /^Cannot use --socket a:1: with --haproxy-container it must be a path$/ },
    { why: 'a policy that there is not',       line: 'drain h -i a --on-timeout wait',       says: /"wait".*"fail", "continue", "shutdown_sessions"/ },
  ])('$why', async ({ line, says }) => {
    const argv = line.split(' ').filter((word) => word !== '');

    await expect(readArguments(argv, around)).rejects.toMatchObject({
      name: 'Failure',
      code: 'config',
      message: expect.stringMatching(says) as unknown,
    });
    await expect(readArguments(argv, around)).rejects.toThrow(/^Cannot /);
  });
});
