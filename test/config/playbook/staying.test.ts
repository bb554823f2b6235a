import { describe, expect, it } from 'vitest';
import { aPlaybook, linesOf, resolved, theInstance } from './fleet.ts';

const RUN = '  run: { name: clear, command: [rm, -rf, /tmp/cache], where: container }\n';

describe('an app whose container stays', () => {
  it('is restarted in whichever slot it is in', () => {
    const slots = '    slots: [a, b]\n    server: shop_{{ slot }}\n';
    const container = '    container: { image: shop, ports: ["127.0.0.1:{{ 8081 if slot == \'a\' else 8181 }}:80"] }\n';

    const instance = theInstance(aPlaybook(`${slots}${container}`, '  strategy: restart\n'));

    expect(instance.strategy).toBe('restart');
    expect(instance.slots).toHaveLength(2);
  });

  it('has the command of its play, or its own', () => {
    const own = '    run: { name: "note {{ id }}", command: date, where: host, timeout: 5s }\n';

    expect(theInstance(aPlaybook('', `  strategy: run\n${RUN}`)).run).toEqual({
      ...{ name: 'clear', where: 'container', timeoutMs: 60_000 },
      spec: { command: ['rm', '-rf', '/tmp/cache'] },
    });
    expect(theInstance(aPlaybook(own, `  strategy: run\n${RUN}`)).run).toEqual({
      ...{ name: 'note 1', where: 'host', timeoutMs: 5_000 },
      spec: { command: ['/bin/sh', '-c', 'date'] },
    });
  });

  it('has none with another strategy', () => {
    expect(theInstance(aPlaybook('', RUN)).run).toBeUndefined();
  });

  it('needs one for the strategy run', () => {
    expect(linesOf(() => resolved(aPlaybook('', '  strategy: run\n')))).toEqual([
      expect.stringMatching(/run: is required with strategy: run, here or in the play, on fe1$/),
    ]);
  });
});
