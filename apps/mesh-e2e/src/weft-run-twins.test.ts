// Two runs that want one name: one of them has it, and the other is told what to do.
import { freePort, startSource, type RunningProcess } from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { eventually, startControlPlane, type ControlPlaneWorld } from './weft-run-world.ts';

const main = 'apps/workload/src/main.ts';
const SERVE = `console.log('pid ' + process.pid); require('node:http').createServer((_, response) => response.end('ok')).listen(Number(process.argv.at(-1)), '127.0.0.1')`;

describe('two runs of one name', () => {
  let plane: ControlPlaneWorld;
  before(async () => {
    // So long a lease that no test waits for its end.
    plane = await startControlPlane(['--registration-lease', '10m']);
  });
  after(() => plane.stop());

  const flags = async (name: string): Promise<string[]> => {
    const port = String(await freePort());
    const place = ['--config-dir', plane.configDir, '--drain-time', '0'];
    return ['--name', name, '--port', port, '--protocol', 'HTTP', ...place, '--', process.execPath, '-e', SERVE, port];
  };
  const run = async (t: TestContext, args: readonly string[]): Promise<RunningProcess> => {
    const started = await startSource({ main, args, ready: /is ready/ });
    t.after(() => started.stop());
    return started;
  };
  const healthy = (name: string): Promise<void> =>
    eventually(async () => assert.equal((await plane.registered()).get(name)?.healthy, true));

  it('are no two: the second is refused at once, and the first goes on', async (t) => {
    const first = await run(t, await flags('web'));
    await healthy('web');
    const began = performance.now();
    const second = await startSource({ main, args: await flags('web'), ready: /already registered/ });
    t.after(() => second.stop());
    assert.equal((await second.exited).code, 1);
    t.diagnostic(`refused after ${Math.round(performance.now() - began)} ms`);
    const text =
      /default\/web is already registered by another run, at 127\.0\.0\.1:\d+; for a replica: --name web-2 --service web \(process (\d+) has it\)/;
    assert.equal(Number(text.exec(second.output)?.[1]), first.pid, second.output);
    assert.equal((await plane.registered()).get('web')?.healthy, true);
    const replica = await flags('web-2');
    await run(t, ['--service', 'web', ...replica]);
    await healthy('web-2');
  });

  it('are one after the other when the first was killed: its lease is not waited for', async (t) => {
    const first = await run(t, await flags('killed'));
    await healthy('killed');
    const [, pid] = await first.waitFor(/^pid (\d+)$/m);
    process.kill(first.pid, 'SIGKILL');
    // Nobody's child now, it would go on.
    process.kill(Number(pid), 'SIGKILL');
    await first.exited;
    await run(t, await flags('killed'));
    await healthy('killed');
  });
});
