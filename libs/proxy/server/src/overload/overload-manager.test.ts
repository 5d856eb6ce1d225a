import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { LocalTally } from '@weft/core-stats';
import { StatsStore } from '@weft/observe-metrics';
import type { DataPlane, DataPlaneFacts } from '../data-plane.ts';
import { OverloadManager } from './overload-manager.ts';
import { LoopOverload, type OverloadReading } from './overload-state.ts';
import { ACTION, NO_OVERLOAD, type OverloadConfig } from './overload.decode.ts';

const folder = mkdtempSync(join(tmpdir(), 'weft-pressure-'));
const path = join(folder, 'pressure');
after(() => rmSync(folder, { recursive: true }));

const FACTS: DataPlaneFacts = {
  heapUsed: 0,
  heapTotal: 0,
  connections: 0,
  listeners: 0,
  clusters: 0,
  loopDelayMs: 50,
  firstCertExpiryMs: undefined,
};
const trigger = (from: number, to = from) => ({ resource: 'file', from, to });

function manager(config: Partial<OverloadConfig>) {
  const readings: OverloadReading[] = [];
  const store = new StatsStore();
  const plane = { refresh: () => FACTS, setOverload: (reading: OverloadReading) => void readings.push(reading) };
  const runtime = createFakeRuntime();
  const made = new OverloadManager(
    { ...NO_OVERLOAD, monitors: [{ name: 'file', kind: 'injected', path }], ...config },
    { runtime, stats: store.root, plane: plane as unknown as DataPlane },
  );
  const at = async (pressure: number | string): Promise<void> => {
    writeFileSync(path, String(pressure));
    await made.update();
  };
  return { at, readings, store, runtime };
}

describe('the overload manager', () => {
  it('takes an action at its threshold, and says so once', async () => {
    const { at, readings, store } = manager({
      actions: [{ name: ACTION.stopAcceptingRequests, triggers: [trigger(0.9)] }],
    });
    await at(0.89);
    await at(0.9);
    await at(0.95);
    await at(0.1);
    assert.deepEqual(readings, [
      { actions: {}, points: {} },
      { actions: { [ACTION.stopAcceptingRequests]: 1 }, points: {} },
      { actions: {}, points: {} },
    ]);
    assert.equal(store.gauge('overload.file.pressure').value, 10);
  });

  it('scales an action between two thresholds, and takes the highest of several triggers', async () => {
    const { at, readings, store } = manager({
      actions: [{ name: ACTION.disableHttpKeepalive, triggers: [trigger(0.5, 0.9), trigger(0.8)] }],
    });
    await at(0.7);
    assert.ok(Math.abs((readings.at(-1)?.actions[ACTION.disableHttpKeepalive] ?? 0) - 0.5) < 1e-9);
    assert.equal(store.gauge(`overload.${ACTION.disableHttpKeepalive}.scale_percent`).value, 50);
    assert.equal(store.gauge(`overload.${ACTION.disableHttpKeepalive}.active`).value, 0);
    await at(0.8);
    assert.equal(store.gauge(`overload.${ACTION.disableHttpKeepalive}.active`).value, 1);
  });

  it('keeps the last pressure while a resource cannot be read', async () => {
    const { at, store, runtime } = manager({ actions: [{ name: ACTION.shrinkHeap, triggers: [trigger(0.5)] }] });
    await at(0.6);
    for (const broken of ['', 'much', '1.5', '-1']) await at(broken);
    assert.equal(store.counter('overload.file.failed_updates').value, 4);
    assert.equal(store.gauge(`overload.${ACTION.shrinkHeap}.active`).value, 1);
    assert.equal(runtime.logged.length, 1);
  });

  it('watches how late the event loop is', async () => {
    const { at, store } = manager({ monitors: [{ name: 'lag', kind: 'loop', maxDelayMs: 200 }] });
    await at(0);
    assert.equal(store.gauge('overload.lag.pressure').value, 25);
  });
});

describe('what an event loop knows of overload', () => {
  const state = (config: Partial<OverloadConfig>, draws: readonly number[] = [0]) => {
    const store = new StatsStore();
    const { random } = createFakeRuntime(draws);
    const connections = new LocalTally();
    return { store, made: new LoopOverload({ ...NO_OVERLOAD, ...config }, { random, stats: store.root, connections }) };
  };

  it('tells listeners only when accepting turns', () => {
    const { made } = state({});
    let told = 0;
    const end = made.onChange(() => (told += 1));
    const saturated = { actions: { [ACTION.stopAcceptingConnections]: 1 }, points: {} };
    made.apply({ actions: { [ACTION.stopAcceptingConnections]: 0.5 }, points: {} });
    assert.equal(made.stopAcceptingConnections, false);
    made.apply(saturated);
    made.apply(saturated);
    assert.deepEqual([made.stopAcceptingConnections, told], [true, 1]);
    end();
    made.apply({ actions: {}, points: {} });
    assert.equal(told, 1);
  });

  it('shortens the timers that are named, by the share of the action', () => {
    const { made } = state({
      timers: new Map([
        ['HTTP_DOWNSTREAM_STREAM_IDLE', { kind: 'absolute', ms: 1000 }],
        ['TRANSPORT_SOCKET_CONNECT', { kind: 'share', share: 0.1 }],
      ]),
    });
    assert.equal(made.timeoutMs('HTTP_DOWNSTREAM_STREAM_IDLE', 5000), 5000);
    made.apply({ actions: { [ACTION.reduceTimeouts]: 0.5 }, points: {} });
    assert.equal(made.timeoutMs('HTTP_DOWNSTREAM_STREAM_IDLE', 5000), 3000);
    assert.equal(made.timeoutMs('TRANSPORT_SOCKET_CONNECT', 1000), 550);
    assert.equal(made.timeoutMs('HTTP_DOWNSTREAM_CONNECTION_IDLE', 5000), 5000);
    made.apply({ actions: { [ACTION.reduceTimeouts]: 1 }, points: {} });
    assert.equal(made.timeoutMs('HTTP_DOWNSTREAM_STREAM_IDLE', 5000), 1000);
    assert.equal(made.timeoutMs('HTTP_DOWNSTREAM_STREAM_IDLE', 500), 500);
  });

  it('sheds a share of the load at a point, and counts it', () => {
    const { made, store } = state({}, [0, 40_000]);
    made.apply({ actions: {}, points: { tcp_listener_accept: 0.5 } });
    assert.deepEqual([made.shed('tcp_listener_accept'), made.shed('tcp_listener_accept')], [true, false]);
    assert.equal(made.shed('http_connection_manager_decode_headers'), false);
    assert.equal(store.counter('overload.envoy.load_shed_points.tcp_listener_accept.shed_load_count').value, 1);
  });

  it('limits the connections of the process', () => {
    const { made } = state({ maxConnections: 2 });
    assert.deepEqual([made.admitConnection(), made.admitConnection(), made.admitConnection()], [true, true, false]);
    made.releaseConnection();
    assert.equal(made.admitConnection(), true);
  });
});
