import { describe, expect, it } from 'vitest';
import { readArguments } from '../../src/cli/arguments.ts';
import type { Command } from '../../src/cli/command.ts';

const common = {
  ...{ inventory: ['hosts.ini'], limit: undefined, forks: 32, json: false, verbosity: 0, yes: false },
  connection: {
    user: undefined,
    privateKey: undefined,
    timeoutMs: undefined,
    configFile: undefined,
    transport: undefined,
    hostKeyChecking: undefined,
  },
  locking: { waitMs: 0, takeOver: false },
  vault: [],
};
const pacing = {
  ignoreFreeze: false,
  ...{ onFailure: undefined, maxFailures: undefined, pause: undefined, notAfter: undefined },
};
const loading = { files: [], fromEngine: false };
const playing = {
  ...{ playbook: 'site.yml', force: false, diff: false, detailedExitcode: false },
  ...{ extraVars: [], tags: [], skipTags: [], pacing, loading, pullsPerHost: 1 },
};
const rollingBack = {
  ...{ serial: undefined, force: false, check: false, diff: false, detailedExitcode: false },
  ...{ pacing, pullsPerHost: 1, environmentInventory: [] },
};
const draining = {
  ...{
    name: 'drain' as const,
    pattern: 'fe',
    servers: [],
    place: { socket: undefined, container: undefined },
    balancerHosts: undefined,
    note: '',
    hold: undefined,
  },
  policy: { timeoutMs: 60_000, onTimeout: 'fail' as const },
};

function read(line: string, environment: Readonly<Record<string, string>> = {}): Promise<Command | undefined> {
  const argv = line.split(' ').filter((word) => word !== '');
  return readArguments(argv, { version: '1.2.3', environment });
}

/** What a call prints with `console.log`, which is where yargs shows help. */
async function printed(call: () => Promise<unknown>): Promise<string> {
  const lines: string[] = [];
  const { log } = console;
  console.log = (text: string) => lines.push(text);
  try {
    await call();
  } finally {
    console.log = log;
  }
  return lines.join('\n');
}

describe('readArguments()', () => {
  it('does not need an inventory for what the journal has one for', async () => {
    const words = 'rollback last --serial 1,50% --force -C';
    expect(await read(words, { ANSIBLE_INVENTORY: 'a,b' })).toEqual({
      ...{ name: 'rollback', run: 'last', ...common, inventory: [], environmentInventory: ['a', 'b'] },
      ...rollingBack,
      ...{ serial: '1,50%', force: true, check: true, environmentInventory: ['a', 'b'] },
    });
  });

  it.each(['resume', 'rollback'])('takes for "%s" what says when it goes on', async (name) => {
    const words = '--on-failure continue --max-failures 10% --pause 5m --not-after 16:00 --lock-wait 1m';

    expect(await read(`${name} ${words}`)).toMatchObject({
      ...{ name, locking: { waitMs: 60_000 } },
      pacing: { onFailure: 'continue', maxFailures: { percent: 10 }, pause: 300_000, notAfter: '16:00' },
    });
  });

  it('takes for "rollback" nothing that would roll it back, and no freeze, which does not hold it up', async () => {
    await expect(read('rollback --on-failure rollback')).rejects.toThrow(/Given: "rollback"/);
    await expect(read('rollback --ignore-freeze')).rejects.toThrow(/Unknown argument: ignore-freeze/);
    await expect(read('resume -l fe1 -f 2 -i a')).rejects.toThrow(
      /^Cannot use -i, --limit, --forks with resume: a run is gone on with on the hosts it was begun on/,
    );
    expect(await read('resume --ignore-freeze')).toMatchObject({ pacing: { ignoreFreeze: true } });
  });

  it('takes for "plan" what changes a plan, and nothing of how it is carried out', async () => {
    expect(await read('plan site.yml -i a -t a --force --pause 10m -D --load a.tar')).toMatchObject({
      ...{ name: 'plan', tags: ['a'], force: true, diff: true, loading: { files: ['a.tar'] } },
      pacing: { pause: 600_000 },
    });
    const others = ['--take-over', '--lock-wait 1m', '--not-after 16:00', '--on-failure ask', '--max-failures 1'];
    for (const option of [...others, '--ignore-freeze', '--max-parallel-pulls 2', '--check']) {
      await expect(read(`plan site.yml -i a ${option}`)).rejects.toThrow(/Unknown argument: .*other commands have it/);
    }
  });

  it.each<{ line: string; command: Command }>([
    {
      line: 'rollout site.yml --load a,b.tar --load c.tgz --load-from-engine',
      command: {
        ...{ name: 'rollout', check: false, ...common, ...playing },
        loading: { files: ['a,b.tar', 'c.tgz'], fromEngine: true },
      },
    },
    { line: 'rollout site.yml', command: { name: 'rollout', check: false, ...common, ...playing } },
    { line: 'plan site.yml', command: { name: 'plan', ...common, ...playing } },
    { line: 'rollback', command: { name: 'rollback', run: undefined, ...rollingBack, ...common } },
    { line: 'rollback 2026', command: { name: 'rollback', run: '2026', ...rollingBack, ...common } },
    { line: 'drain fe', command: { ...draining, ...common } },
    {
      line: 'restore fe --forget-balancer lb1 --forget-balancer lb2',
      command: { name: 'restore', pattern: 'fe', servers: [], expired: false, forget: ['lb1', 'lb2'], ...common },
    },
    { line: 'recover fe', command: { name: 'recover', pattern: 'fe', forget: [], ...common } },
    {
      line: 'recover fe --forget-balancer lb2',
      command: { name: 'recover', pattern: 'fe', forget: ['lb2'], ...common },
    },
    {
      line: 'status fe',
      command: {
        name: 'status',
        pattern: 'fe',
        place: { socket: undefined, container: undefined },
        balancerHosts: undefined,
        ...common,
      },
    },
    {
      line: 'status',
      command: {
        name: 'status',
        pattern: 'all',
        place: { socket: undefined, container: undefined },
        balancerHosts: undefined,
        ...common,
      },
    },
  ])('fills in the defaults of "$line"', async ({ line, command }) => {
    expect(await read(`${line} -i hosts.ini`)).toEqual(command);
  });

  // prettier-ignore
  it.each<{ options: string; gives: object }>([
    { options: '-i a -i b',                            gives: { inventory: ['a', 'b'] } },
    { options: '--inventory a --inventory=b',          gives: { inventory: ['a', 'b'] } },
    { options: '-i fe1,fe2,',                          gives: { inventory: ['fe1,fe2,'] } },
    { options: '-i a -l fe1',                          gives: { limit: 'fe1' } },
    { options: '-i a --limit !fe1',                    gives: { limit: '!fe1' } },
    { options: '-i a --limit=@retry',                  gives: { limit: '@retry' } },
    { options: '-i a -f 3',                            gives: { forks: 3 } },
    { options: '-i a --forks=100',                     gives: { forks: 100 } },
    { options: '-i a -u ops',                          gives: { connection: { ...common.connection, user: 'ops' } } },
    { options: '-i a --user ops',                      gives: { connection: { ...common.connection, user: 'ops' } } },
    { options: '-i a --private-key k',                 gives: { connection: { ...common.connection, privateKey: 'k' } } },
    { options: '-i a --key-file k',                    gives: { connection: { ...common.connection, privateKey: 'k' } } },
    { options: '-i a -T 10',                           gives: { connection: { ...common.connection, timeoutMs: 10_000 } } },
    { options: '-i a -T 1m30s',                        gives: { connection: { ...common.connection, timeoutMs: 90_000 } } },
    { options: '-i a --connect-timeout 500ms',         gives: { connection: { ...common.connection, timeoutMs: 500 } } },
    { options: '-i a -y',                              gives: { yes: true } },
    { options: '-i a --yes --json',                    gives: { yes: true, json: true } },
    { options: '-i a -v',                              gives: { verbosity: 1 } },
    { options: '-i a -vv',                             gives: { verbosity: 2 } },
    { options: '-i a --verbose -v',                    gives: { verbosity: 2 } },
    { options: '-i a -vyf 3',                          gives: { verbosity: 1, yes: true, forks: 3 } },
  ])('understands $options with every command', async ({ options, gives }) => {
    for (const line of ['rollout p', 'plan p', 'drain h', 'restore h', 'recover h', 'status']) {
      expect(await read(`${line} ${options}`)).toMatchObject(gives);
      expect(await read(`${options} ${line}`)).toMatchObject(gives);
    }
  });

  // prettier-ignore
  it.each<{ options: string; gives: object }>([
    { options: '-t web',                               gives: { tags: ['web'] } },
    { options: '-t web,db -t api --tags a,,b',         gives: { tags: ['web', 'db', 'api', 'a', 'b'] } },
    { options: '--skip-tags slow,old --skip-tags big', gives: { skipTags: ['slow', 'old', 'big'] } },
    { options: '-e a=1 -e b=2 --extra-vars @vars.yml', gives: { extraVars: ['a=1', 'b=2', '@vars.yml'] } },
    { options: '-e {"a":[1,2]}',                       gives: { extraVars: ['{"a":[1,2]}'] } },
    { options: '-e a=1,b=2',                           gives: { extraVars: ['a=1,b=2'] } },
    { options: '--force',                              gives: { force: true } },
    { options: '-D',                                   gives: { diff: true } },
    { options: '--diff --detailed-exitcode',           gives: { diff: true, detailedExitcode: true } },
  ])('understands $options when it plays a playbook', async ({ options, gives }) => {
    expect(await read(`rollout -i a ${options} p`)).toMatchObject({ playbook: 'p', ...gives });
    expect(await read(`plan p -i a ${options}`)).toMatchObject({ playbook: 'p', ...gives });
  });

  it('takes the number of pulls for a rollout', async () => {
    expect(await read('rollout p -i a --max-parallel-pulls 3')).toMatchObject({ pullsPerHost: 3 });
  });

  it.each(['-C', '--check'])('only looks when a rollout has %s', async (option) => {
    expect(await read(`rollout p -i a ${option}`)).toMatchObject({ name: 'rollout', check: true });
  });

  // prettier-ignore
  it.each<{ line: string; gives: object }>([
    { line: 'drain fe --server pxApp_1 --server cluster/pxApp_2', gives: { servers: ['pxApp_1', 'cluster/pxApp_2'] } },
    { line: 'drain fe --drain-timeout 5s',                        gives: { policy: { timeoutMs: 5_000, onTimeout: 'fail' } } },
    { line: 'drain fe --timeout 2m --on-timeout continue',        gives: { policy: { timeoutMs: 120_000, onTimeout: 'continue' } } },
    { line: 'drain fe --on-timeout shutdown_sessions',            gives: { policy: { timeoutMs: 60_000, onTimeout: 'shutdown_sessions' } } },
    { line: 'drain fe -m disk',                                   gives: { note: 'disk' } },
    { line: 'drain fe --for 30m --detach',                        gives: { hold: { written: '30m', forMs: 1_800_000, isDetached: true } } },
    { line: 'maintain fe -- apt-get -y upgrade',                  gives: { work: { command: "'apt-get' '-y' 'upgrade'", reboot: undefined, containers: 'keep' }, serial: [{ hosts: 1 }], minUp: { servers: 1 } } },
    { line: 'maintain fe -- uptime',                              gives: { work: { command: 'uptime', reboot: undefined, containers: 'keep' } } },
    { line: 'maintain fe --reboot --containers stop',             gives: { work: { command: undefined, reboot: 'systemctl reboot || reboot', containers: 'stop' }, needsRoot: true } },
    { line: 'maintain fe --reboot --reboot-command boot',         gives: { work: { command: undefined, reboot: 'boot', containers: 'keep' }, needsRoot: false } },
    { line: 'maintain fe --reboot --serial 1,25% --min-up 50%',   gives: { serial: [{ hosts: 1 }, { percent: 25 }], minUp: { percent: 50 } } },
    { line: 'maintain fe --timeout 5m -- x',                      gives: { commandWithinMs: 300_000, policy: { timeoutMs: 60_000, onTimeout: 'fail' } } },
    { line: 'restore --expired',                                  gives: { pattern: 'all', expired: true } },
    { line: 'restore fe --expired',                               gives: { pattern: 'fe', expired: true } },
    { line: 'drain fe --note=disk',                               gives: { note: 'disk' } },
    { line: 'drain fe --socket /run/a.sock',                      gives: { place: { socket: '/run/a.sock' } } },
    { line: 'restore fe --server pxApp_1 --server pxApp_2',       gives: { servers: ['pxApp_1', 'pxApp_2'] } },
    { line: 'status fe --socket /run/a.sock',                     gives: { pattern: 'fe', place: { socket: '/run/a.sock' } } },
    { line: 'status fe --socket ipv4@127.0.0.1:9999',             gives: { place: { socket: 'ipv4@127.0.0.1:9999' } } },
    { line: 'drain fe --haproxy-container lb',                    gives: { place: { socket: undefined, container: 'lb' } } },
    { line: 'status fe:!fe1',                                     gives: { pattern: 'fe:!fe1' } },
  ])('understands $line', async ({ line, gives }) => {
    // What comes after -- is for the hosts.
    const [own = '', ...words] = line.split(' -- ');
    expect(await read([`${own} -i a`, ...words].join(' -- '))).toMatchObject(gives);
  });

  it('keeps a note of several words', async () => {
    const argv = ['drain', 'fe', '-i', 'a', '-m', 'disk swap, back at 9'];

    expect(await readArguments(argv, { version: '', environment: {} })).toMatchObject({
      note: 'disk swap, back at 9',
    });
  });

  it('takes no digits for a number', async () => {
    expect(await read('drain 007 -i 1e3 -l 0x1 -u 010 --private-key 1 --server 04 -m 1.0')).toMatchObject({
      ...{ pattern: '007', inventory: ['1e3'], limit: '0x1', servers: ['04'], note: '1.0' },
      connection: { user: '010', privateKey: '1' },
    });
    expect(await read('plan 007 -i a -t 01 --skip-tags 02 -e 03')).toMatchObject({
      ...{ playbook: '007', tags: ['01'], skipTags: ['02'], extraVars: ['03'] },
    });
  });

  it('takes the inventory from the environment when none is named', async () => {
    const environment = { ANSIBLE_INVENTORY: 'one.ini,two/,' };

    expect(await read('status', environment)).toMatchObject({ inventory: ['one.ini', 'two/'] });
    expect(await read('status -i three.yml', environment)).toMatchObject({ inventory: ['three.yml'] });
  });

  it('takes an inventory variable that names nothing for none', async () => {
    await expect(read('status', { ANSIBLE_INVENTORY: '' })).rejects.toMatchObject({ code: 'config' });
  });

  // prettier-ignore
  it.each<{ line: string; shows: string }>([
    { line: '--help',              shows: 'Exit codes: 0 done or nothing to do' },
    { line: '-h',                  shows: 'sluice rollout <playbook>' },
    { line: 'drain --help',        shows: '--on-timeout' },
    { line: 'rollout -h',          shows: '--detailed-exitcode' },
    { line: '--version',           shows: '1.2.3' },
    { line: 'status --version',    shows: '1.2.3' },
  ])('is done once it has shown what $line asks for', async ({ line, shows }) => {
    let command: Command | undefined;
    const text = await printed(async () => {
      command = await read(line);
    });

    expect(text).toContain(shows);
    expect(command).toBeUndefined();
  });
});
