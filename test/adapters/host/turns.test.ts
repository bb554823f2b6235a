import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FilePushRecords } from '../../../src/adapters/host/push-record.ts';
import { Turns } from '../../../src/adapters/host/turns.ts';
import type { PushRecord } from '../../../src/runner/ports/config-port.ts';
import { LocalLink } from '../../support/local-link.ts';

const LATE = { exitCode: 76, stderr: 'a newer one has been written meanwhile\n' };

let link: LocalLink;
beforeEach(() => {
  link = new LocalLink();
  mkdirSync(link.stateDir);
});
afterEach(() => link.close());

describe('Turns', () => {
  it('are had in the order in which they were asked for, whatever comes late', async () => {
    const turns = new Turns(link, 'a.order');
    const [first, second, third] = [await turns.next(), await turns.next(), await turns.next()];

    expect(await link.run(`${first}\necho first`)).toMatchObject({ exitCode: 0, stdout: 'first\n' });
    expect(await link.run(`${third}\necho third`)).toMatchObject({ exitCode: 0, stdout: 'third\n' });
    expect(await link.run(`${second}\necho second`)).toMatchObject({ ...LATE, stdout: '' });
  });

  it('of who comes later are above all that whoever was there before may have under way', async () => {
    const dead = new Turns(link, 'a.order');
    await link.run(await dead.next());
    const late = await dead.next();

    await link.run(await new Turns(link, 'a.order').next());

    expect(await link.run(late)).toMatchObject(LATE);
  });

  it('wait for one that is had still', async () => {
    const turns = new Turns(link, 'a.order');
    const said = join(link.stateDir, 'said');
    const under = link.run(`${await turns.next()}\necho begun > ${said}; sleep 0.3; echo one >> ${said}`);
    for (let text = ''; !text.includes('begun');) {
      ({ stdout: text } = await link.run(`cat ${said} 2> /dev/null || :`));
    }
    await link.run(`${await turns.next()}\necho two >> ${said}`);
    await under;

    expect(readFileSync(said, 'utf8')).toBe('begun\none\ntwo\n');
  });

  it('are had only once all was heard, so that nobody waits for a connection that is gone', async () => {
    const turns = new Turns(link, 'a.order');
    const hearing = await link.start(`echo begun\n${await turns.next('hears')}\ncat`);
    if (!('end' in hearing)) throw new Error('it has ended');

    expect(await link.run(`${await turns.next()}\necho mine`)).toMatchObject({ exitCode: 0, stdout: 'mine\n' });

    await hearing.end();
    const heard = await link.run(`${await turns.next('hears')}\ncat`, { stdin: 'all of it' });
    expect(heard).toMatchObject({ exitCode: 0, stdout: 'all of it' });
    expect(readdirSync(link.stateDir)).toEqual(['a.order']);
  });

  it('may be had by whoever shares the state directory, and leave the umask as it was', async () => {
    const { stdout } = await link.run(`umask 022\n${await new Turns(link, 'a.order').next()}\numask`);

    expect(stdout.trim()).toBe('0022');
    expect(statSync(join(link.stateDir, 'a.order')).mode & 0o777).toBe(0o660);
  });

  it('are none where the last one cannot be read', async () => {
    mkdirSync(join(link.stateDir, 'a.order'));

    await expect(new Turns(link, 'a.order').next()).rejects.toThrow(/^Cannot read a.order on fe1: /);
  });
});

describe('the record of a push', () => {
  const record: PushRecord = { path: '/h.cfg', by: 'bob@laptop', run: 'r', at: '2026', pid: 7, servers: [] };

  it('shares its turns with the file: what is written late finds that it is dropped', async () => {
    const records = new FilePushRecords(link, { socket: '/s' }, '/h.cfg');
    await records.write(record);
    const late = await records.turns.next();
    await records.drop();

    const file = join(link.stateDir, 'haproxy.cfg');
    writeFileSync(file, 'old\n');
    expect(await link.run(`${late}\necho new > ${file}`)).toMatchObject(LATE);

    expect(readFileSync(file, 'utf8')).toBe('old\n');
    expect(await records.read()).toBeUndefined();
  });
});
