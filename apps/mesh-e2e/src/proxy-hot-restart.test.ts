// One process takes over from another under load.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  call,
  cluster,
  connectionManager,
  freePorts,
  listener,
  loopback,
  PROXY_MAIN,
  routesOf,
  runWeft,
  startSource,
  type RunningProcess,
} from '@weft/testing-harness';

const folder = mkdtempSync(join(tmpdir(), 'weft-restart-'));
const server = createServer((_request, response) => response.end('hello'));
const baseId = String(1000 + (process.pid % 1_000_000));
let ports: { readonly http: number; readonly admin: number };
let file = '';

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const [http = 0, admin = 0] = await freePorts(2);
  ports = { http, admin };
  file = join(folder, 'bootstrap.json');
  const filter = connectionManager('in', routesOf({ match: { prefix: '/' }, route: { cluster: 'up' } }));
  const bootstrap = {
    admin: { address: loopback(admin) },
    stats_flush_interval: '0.2s',
    static_resources: {
      listeners: [listener('in', filter, http)],
      clusters: [cluster('up', [(server.address() as AddressInfo).port])],
    },
  };
  writeFileSync(file, JSON.stringify(bootstrap));
});
after(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

const start = (epoch: number, ...more: readonly string[]): Promise<RunningProcess> =>
  startSource({
    main: PROXY_MAIN,
    args: ['-c', file, '--base-id', baseId, '--restart-epoch', String(epoch), '--drain-time-s', '1', ...more],
    ready: /starting main dispatch loop/,
  });

async function stat(name: string): Promise<number> {
  const { body } = await call({ port: ports.admin, path: `/stats?filter=^${name}$` });
  return Number(/: (\d+)/.exec(body)?.[1] ?? NaN);
}

/** Asks as fast as it can until told to stop: `agent` false opens a connection for each request. */
class Load {
  readonly failures = new Map<string, number>();
  answered = 0;
  private going = true;
  private readonly clients: Promise<void>[];

  constructor() {
    const kept = new Agent({ keepAlive: true });
    this.clients = [kept, kept, false as const, false as const].map((agent) => this.client(agent));
  }

  async reaches(count: number): Promise<void> {
    while (this.answered < count) await new Promise((resolve) => setImmediate(resolve));
  }

  async stop(): Promise<void> {
    this.going = false;
    await Promise.all(this.clients);
  }

  private async client(agent: Agent | false): Promise<void> {
    while (this.going) await this.ask(agent);
  }

  private ask(agent: Agent | false): Promise<void> {
    return new Promise((resolve) => {
      const outgoing = request({ port: ports.http, host: '127.0.0.1', path: '/', agent }, (response) => {
        response.resume();
        response.on('end', () => {
          if (response.statusCode === 200) this.answered += 1;
          else this.fail(String(response.statusCode));
          resolve();
        });
      });
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        this.fail(error.code ?? error.message);
        resolve();
      });
      outgoing.end();
    });
  }

  private fail(what: string): void {
    this.failures.set(what, (this.failures.get(what) ?? 0) + 1);
  }
}

describe('a hot restart', () => {
  it('fails no request, and the counters go on', async () => {
    const parent = await start(0, '--parent-shutdown-time-s', '1');
    const load = new Load();
    await load.reaches(200);
    const child = await start(1, '--parent-shutdown-time-s', '1');
    const taken = load.answered;
    assert.deepEqual(await parent.exited, { code: 0, signal: null });
    await load.reaches(taken + 500);
    await load.stop();
    assert.deepEqual([...load.failures], []);
    assert.equal(await stat('http.in.downstream_rq_total'), load.answered);
    assert.equal(await stat('http.in.downstream_rq_2xx'), load.answered);
    assert.equal(await stat('server.hot_restart_epoch'), 1);
    assert.equal(await stat('server.hot_restart_generation'), 2);
    assert.match((await call({ port: ports.admin, path: '/hot_restart_version' })).body, /^weft\.\d+$/);
    assert.deepEqual(await child.stop(), { code: 0, signal: null });
  });

  it('goes from one worker to two', async () => {
    const parent = await start(0);
    const load = new Load();
    await load.reaches(100);
    const child = await start(
      1,
      '--parent-shutdown-time-s',
      '1',
      '--concurrency',
      '2',
      '--skip-hot-restart-parent-stats',
    );
    const taken = load.answered;
    assert.deepEqual(await parent.exited, { code: 0, signal: null });
    await load.reaches(taken + 300);
    await load.stop();
    assert.deepEqual([...load.failures], []);
    assert.ok((await stat('http.in.downstream_rq_total')) < load.answered);
    await child.stop();
  });

  it('needs a parent, and a base id of its own', async () => {
    const orphan = await runWeft(['-c', file, '--base-id', baseId, '--restart-epoch', '7']);
    assert.equal(orphan.code, 1);
    assert.match(orphan.err, new RegExp(`there is no proxy with base id ${baseId} and epoch 6 to take over from`));
    const first = await start(0);
    const second = await runWeft(['-c', file, '--base-id', baseId]);
    assert.equal(second.code, 1);
    assert.match(second.err, new RegExp(`base id ${baseId} with epoch 0 is taken by another process`));
    await first.stop();
  });
});
