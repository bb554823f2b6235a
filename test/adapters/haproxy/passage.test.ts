import { describe, expect, it } from 'vitest';
import { passageOf } from '../../../src/adapters/haproxy/passage.ts';
import { takenBinds } from '../../../src/adapters/haproxy/taken-binds.ts';

const HEAD =
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';

/** As HAProxy 2.6 answers; `state` is op state, admin state, weight and configured weight. */
function row(backend: string, name: string, state: string): string {
  return `3 ${backend} 1 ${name} 127.0.0.1 ${state} 3 15 3 3 6 0 0 0 - 8081 - 0 0 - - 0`;
}

function config(servers: string): string {
  return `global\n    maxconn 10\n\nbackend shop\n    balance roundrobin\n${servers}\nfrontend f\n    bind :80\n`;
}

const SAME = config('    server s1 127.0.0.1:8081 weight 10');

function passage(rows: readonly string[], from = SAME, to = SAME): ReturnType<typeof passageOf> {
  return passageOf({ from, to, state: `1\n${HEAD}\n${rows.join('\n')}\n\n`, statePath: '/etc/h.cfg.sluice-state' });
}

describe('passageOf()', () => {
  it.each([
    { what: 'another weight', state: '2 0 5 10', is: true },
    { what: 'drain', state: '2 8 10 10', is: true },
    { what: 'maintenance', state: '0 1 10 10', is: true },
    { what: 'DOWN by its check', state: '0 0 10 10', is: true },
    { what: 'in service although it is disabled in the configuration', state: '2 4 10 10', is: true },
    { what: 'disabled in the configuration', state: '0 5 10 10', is: false },
    { what: 'as configured', state: '2 0 10 10', is: false },
  ])('has the next worker begin with a server that is $what: $is', ({ state, is }) => {
    expect(passage([row('shop', 's1', state)]) !== undefined).toBe(is);
  });

  it('adds to the configuration what HAProxy needs, in the backends of such servers only', () => {
    const to = `${SAME}backend other\n    server s1 127.0.0.1:1\n`;

    const found = passage([row('shop', 's1', '0 1 10 10'), row('other', 's1', '2 0 1 1')], SAME, to);

    expect(found?.text).toBe(
      `${to.replace('backend shop\n', 'backend shop\n    load-server-state-from-file global\n')}\nglobal\n    server-state-file /etc/h.cfg.sluice-state\n`,
    );
    expect(found?.state.split('\n')).toEqual([
      '1',
      HEAD.split(' ').slice(0, 21).join(' '),
      '3 shop 1 s1 127.0.0.1 0 1 10 10 3 15 3 3 6 0 0 0 - 8081 -',
      '',
    ]);
  });

  it('gives a server its new port, since the port of the state would win over that of the configuration', () => {
    const to = config('    server s1 127.0.0.1:9090 weight 10');

    expect(passage([row('shop', 's1', '0 1 10 10')], SAME, to)?.state).toContain(' - 9090 -');
  });

  it('gives a server the port that is written, also where the old worker does not have it yet', () => {
    const written = config('    server s1 127.0.0.1:8082 weight 10');

    expect(passage([row('shop', 's1', '0 1 10 10')], written, written)?.state).toContain(' - 8082 -');
  });

  it('keeps the port of a server where none is written', () => {
    const unwritten = config('    server s1 127.0.0.1:+100 weight 10');

    expect(passage([row('shop', 's1', '0 1 10 10')], unwritten, unwritten)?.state).toContain(' - 8081 -');
  });

  it('leaves out a server that is gone, and one of which the port cannot be told', () => {
    const rows = [row('shop', 's1', '0 1 10 10')];

    expect(passage(rows, SAME, config(''))).toBeUndefined();
    expect(passage(rows, SAME, config('    server s1 "${SHOP}"'))).toBeUndefined();
  });

  it('leaves a configuration alone that has a server-state file of its own', () => {
    const to = SAME.replace('maxconn 10', 'server-state-file /var/lib/state');

    expect(passage([row('shop', 's1', '0 1 10 10')], SAME, to)).toBeUndefined();
  });
});

describe('takenBinds()', () => {
  // 127.0.0.1:8081 and :::9000 listen; 127.0.0.1:8082 is a connection.
  const listening = `  sl  local_address rem_address   st tx_queue
   0: 0100007F:1F91 00000000:0000 0A 00000000:00000000
   1: 0100007F:1F92 0100007F:D431 01 00000000:00000000
   2: 00000000000000000000000000000000:2328 00000000000000000000000000000000:0000 0A 00000000:00000000`;

  it.each([
    { bind: '127.0.0.1:8081', taken: true },
    { bind: ':8081', taken: true },
    { bind: '*:8081', taken: true },
    { bind: 'ipv4@10.0.0.1:9000', taken: true },
    { bind: '10.0.0.1:8081', taken: false },
    { bind: '127.0.0.1:8082', taken: false },
    { bind: 'shop.example:8081', taken: false },
    { bind: '/run/shop.sock', taken: false },
  ])('$bind: $taken', ({ bind, taken }) => {
    const to = `frontend f\n    bind :80\n    bind ${bind} ssl crt a.pem\n`;

    expect(takenBinds('frontend f\n    bind :80\n', to, listening)).toEqual(taken ? [bind] : []);
  });

  it('takes none of HAProxy itself for one, nor another address of a port that it has', () => {
    expect(takenBinds('listen f\n bind 127.0.0.1:8081\n', 'listen f\n bind :8081\n', listening)).toEqual([]);
  });
});
