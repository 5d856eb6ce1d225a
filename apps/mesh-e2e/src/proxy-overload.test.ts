// A proxy whose pressure a test holds in a file: each action, and what the stats say of it.
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  call,
  connectionManager,
  listener,
  routesOf,
  runWeft,
  startWeft,
  type RunningProxy,
} from '@weft/testing-harness';

type Json = Readonly<Record<string, unknown>>;
const folder = mkdtempSync(join(tmpdir(), 'weft-overload-'));
const monitorOf = (name: string): Json => ({
  name,
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.resource_monitors.injected_resource.v3.InjectedResourceConfig',
    filename: join(folder, name),
  },
});
const at = (name: string, value: number): Json => ({ name, threshold: { value } });
const ACTIONS = 'envoy.overload_actions.';
const NAMES = ['requests', 'keepalive', 'stop', 'reject', 'shed'] as const;

function bootstrap(more: Json = {}): Json {
  return {
    overload_manager: {
      refresh_interval: '0.02s',
      resource_monitors: [
        ...NAMES.map(monitorOf),
        {
          name: 'heap',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig',
            max_heap_size_bytes: 1 << 30,
          },
        },
        {
          name: 'lag',
          typed_config: {
            '@type': 'type.googleapis.com/xds.type.v3.TypedStruct',
            type_url: 'type.googleapis.com/weft.resource_monitors.v1.EventLoopDelay',
            value: { max_delay_ms: 100_000 },
          },
        },
        {
          name: 'connections',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
            max_active_downstream_connections: 8,
          },
        },
      ],
      actions: [
        { name: `${ACTIONS}stop_accepting_requests`, triggers: [at('requests', 0.9)] },
        {
          name: `${ACTIONS}disable_http_keepalive`,
          triggers: [{ name: 'keepalive', scaled: { scaling_threshold: 0.2, saturation_threshold: 0.6 } }],
        },
        { name: `${ACTIONS}stop_accepting_connections`, triggers: [at('stop', 0.9)] },
        { name: `${ACTIONS}reject_incoming_connections`, triggers: [at('reject', 0.9)] },
        { name: `${ACTIONS}shrink_heap`, triggers: [at('heap', 0.99)] },
      ],
      loadshed_points: [
        { name: 'envoy.load_shed_points.http_connection_manager_decode_headers', triggers: [at('shed', 0.9)] },
      ],
      ...more,
    },
    static_resources: {
      listeners: [
        listener('in', connectionManager('in', routesOf({ match: { prefix: '/' }, direct_response: { status: 200 } }))),
      ],
    },
  };
}

/** As an operator does it: a file that is half written has no number. */
function press(name: (typeof NAMES)[number], value: number): void {
  writeFileSync(join(folder, `${name}.new`), String(value));
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

for (const concurrency of ['1', '2'])
  describe(`an overloaded proxy with --concurrency ${concurrency}`, () => {
    let proxy: RunningProxy;
    before(async () => {
      for (const name of NAMES) press(name, 0);
      proxy = await startWeft({ bootstrap: bootstrap(), args: ['--concurrency', concurrency] });
    });
    after(() => proxy.stop());

    const stat = async (name: string): Promise<number> => (await proxy.stats()).get(name) ?? NaN;
    const active = (action: string, wanted: number): Promise<number> =>
      proxy.statReaches(`overload.${ACTIONS}${action}.active`, (value) => value === wanted);

    it('answers requests with 503', async () => {
      press('requests', 0.95);
      await active('stop_accepting_requests', 1);
      const { status, body } = await call({ port: proxy.port('in') });
      assert.deepEqual([status, body], [503, 'envoy overloaded']);
      assert.equal(await stat('overload.requests.pressure'), 95);
      assert.equal(await stat('http.in.downstream_rq_overload_close'), 1);
      press('requests', 0.5);
      await active('stop_accepting_requests', 0);
      assert.equal((await call({ port: proxy.port('in') })).status, 200);
    });

    it('closes connections after their response, the more the higher the pressure', async () => {
      press('keepalive', 0.4);
      await proxy.statReaches(`overload.${ACTIONS}disable_http_keepalive.scale_percent`, (value) => value === 50);
      assert.equal(await stat(`overload.${ACTIONS}disable_http_keepalive.active`), 0);
      press('keepalive', 0.7);
      await active('disable_http_keepalive', 1);
      const { headers } = await call({ port: proxy.port('in'), headers: { connection: 'keep-alive' } });
      assert.equal(headers.connection, 'close');
      press('keepalive', 0);
      await active('disable_http_keepalive', 0);
    });

    it('lets clients wait in the queue, and serves them when the pressure is gone', async () => {
      press('stop', 1);
      await active('stop_accepting_connections', 1);
      const before = await stat('http.in.downstream_cx_total');
      const answered = call({ port: proxy.port('in') });
      await proxy.ask('/ready');
      assert.equal(await stat('http.in.downstream_cx_total'), before);
      press('stop', 0);
      await active('stop_accepting_connections', 0);
      assert.equal((await answered).status, 200);
    });

    it('closes connections as they come', async () => {
      press('reject', 1);
      await active('reject_incoming_connections', 1);
      const socket = connect(proxy.port('in'), '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.once('close', resolve));
      await proxy.statReaches('listener.127.0.0.1_0.downstream_cx_overload_reject', (value) => value === 1);
      press('reject', 0);
      await active('reject_incoming_connections', 0);
    });

    it('sheds load at a named point', async () => {
      press('shed', 1);
      const point = 'overload.envoy.load_shed_points.http_connection_manager_decode_headers';
      await proxy.statReaches(`${point}.scale_percent`, (value) => value === 100);
      assert.equal((await call({ port: proxy.port('in') })).status, 503);
      assert.equal(await stat(`${point}.shed_load_count`), 1);
      press('shed', 0);
      await proxy.statReaches(`${point}.scale_percent`, (value) => value === 0);
    });

    it('keeps what it knew while a resource cannot be read, and counts that', async () => {
      writeFileSync(join(folder, 'requests'), 'much');
      await proxy.statReaches('overload.requests.failed_updates', (value) => value > 0);
      assert.equal(await stat(`overload.${ACTIONS}stop_accepting_requests.active`), 0);
      press('requests', 0);
      assert.ok((await stat('overload.heap.pressure')) >= 1);
      assert.equal(await stat('overload.lag.pressure'), 0);
    });

    it('has a limit of connections in the whole process', async () => {
      const sockets = Array.from({ length: 12 }, () => connect(proxy.port('in'), '127.0.0.1'));
      let closed = 0;
      for (const socket of sockets) socket.on('error', () => undefined).on('close', () => (closed += 1));
      await proxy.statReaches('listener.127.0.0.1_0.downstream_global_cx_overflow', (value) => value === 4);
      assert.equal(await stat('http.in.downstream_cx_active'), 8);
      for (const socket of sockets) socket.destroy();
      await proxy.statReaches('http.in.downstream_cx_active', (value) => value === 0);
      assert.equal((await call({ port: proxy.port('in') })).status, 200);
      assert.ok(closed >= 4);
    });
  });

describe('the overload manager of a bootstrap', () => {
  it('is refused with every fault at its place', async () => {
    const broken = bootstrap({
      actions: [
        { name: `${ACTIONS}stop_accepting_request`, triggers: [at('requsts', 0.9)] },
        { name: `${ACTIONS}reset_high_memory_stream`, triggers: [at('heap', 0.9)] },
        { name: `${ACTIONS}reduce_timeouts`, triggers: [at('heap', 0.9)] },
      ],
      loadshed_points: [{ name: 'envoy.load_shed_points.nowhere', triggers: [at('shed', 0.9)] }],
    });
    const { code, err } = await runWeft(['--config-yaml', JSON.stringify(broken)]);
    assert.equal(code, 1);
    assert.match(err, /actions\[0\]\.name: there is no overload action .*did you mean "\S+stop_accepting_requests"/);
    assert.match(
      err,
      /actions\[0\]\.triggers\[0\]\.name: there is no resource monitor "requsts"; did you mean "requests"/,
    );
    assert.match(err, /actions\[1\]: envoy\.overload_actions\.reset_high_memory_stream is known to Envoy/);
    assert.match(err, /actions\[2\]\.typed_config: is missing/);
    assert.match(err, /loadshed_points\[0\]\.name: there is no load shed point/);
    rmSync(folder, { recursive: true, force: true });
  });
});
