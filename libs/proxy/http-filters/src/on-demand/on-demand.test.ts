import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodeContext, loadConfig, sourceNamed } from '@weft/api-envoy';
import { RequestHeaderMap } from '@weft/core-http';
import {
  CONTINUE,
  STOP,
  type ClusterDiscoveryOwner,
  type ClusterDiscoverySource,
  type FilterFactoryContext,
  type RouteRequestOwner,
} from '@weft/proxy-filter-api';
import { FakeCluster, FakeClusters, FakeFilterStream } from '@weft/proxy-filter-api/testing';
import { decodeRouteConfiguration } from '@weft/model-route';
import { ON_DEMAND_ROUTE_TYPE, ON_DEMAND_TYPE, type OnDemandConfig } from './config.decode.ts';
import { onDemandFactory } from './on-demand.ts';

const ADS = 'source: {ads: {}, resource_api_version: V3}';

function decode(yaml: string, typeName = ON_DEMAND_TYPE): { config: OnDemandConfig | undefined; faults: string[] } {
  const { message, faults } = loadConfig({ text: yaml, file: 'on-demand.yaml', typeName });
  const cx = new DecodeContext(sourceNamed('on-demand.yaml'));
  const how = typeName === ON_DEMAND_TYPE ? onDemandFactory.decode : onDemandFactory.decodeRoute;
  const config = message && (how?.(message, cx) as OnDemandConfig | undefined);
  return { config, faults: [...faults, ...cx.faults].map(({ path, message: text }) => `${path}: ${text}`) };
}

const ROUTES = `{name: r, virtual_hosts: [{name: v, domains: ["*"], routes: [
  {match: {prefix: /named}, route: {cluster: web}},
  {match: {prefix: /header}, route: {cluster_header: x-cluster}},
  {match: {prefix: /here}, direct_response: {status: 200}}]}]}`;

interface Asked {
  readonly name: string;
  readonly timeoutMs: number;
  readonly from: ClusterDiscoverySource;
  readonly owner: ClusterDiscoveryOwner;
  cancelled: boolean;
}

function world(yaml: string, known: readonly string[] = []) {
  const { config, faults } = decode(yaml);
  assert.ok(config, faults.join('\n'));
  const { message } = loadConfig({ text: ROUTES, file: 'r', typeName: 'envoy.config.route.v3.RouteConfiguration' });
  const table = decodeRouteConfiguration(message!, new DecodeContext(sourceNamed('r')));
  const asked: Asked[] = [];
  const create = onDemandFactory.prepare(config, {
    discoverClusters: (from: ClusterDiscoverySource) => ({
      discover: (name: string, timeoutMs: number, owner: ClusterDiscoveryOwner) => {
        const one = { name, timeoutMs, from, owner, cancelled: false };
        asked.push(one);
        return { cancel: () => (one.cancelled = true) };
      },
    }),
  } as unknown as FilterFactoryContext);
  const clusters = new FakeClusters(...known.map((name) => new FakeCluster(name)));
  const ask = (path: string, more: readonly string[] = [], route?: OnDemandConfig, awaited?: RouteRequestOwner[]) => {
    const headers = new RequestHeaderMap('GET', path, 'a.test', [...more]);
    const stream = new FakeFilterStream(headers, { table: table!, clusters });
    if (route !== undefined) stream.routeConfigs.set('envoy.filters.http.on_demand', route);
    stream.routesAwaited = awaited;
    const filter = create(stream);
    return { stream, filter, status: filter.onRequestHeaders?.(headers, true) };
  };
  return { ask, asked };
}

test('a request whose cluster is not there waits for it, and goes on when it is', () => {
  const { ask, asked } = world(`odcds: {${ADS}}`);
  const { stream, status } = ask('/named');
  assert.equal(status, STOP);
  assert.deepEqual([asked[0]?.name, asked[0]?.timeoutMs, asked[0]?.from.source.kind], ['web', 5000, 'ads']);
  asked[0]?.owner.onClusterDiscovered('available');
  assert.equal(stream.requestContinued, 1);
});

test('a header may name the cluster', () => {
  const { ask, asked } = world(`odcds: {${ADS}, timeout: 0.5s}`);
  assert.equal(ask('/header', ['x-cluster', 'other']).status, STOP);
  assert.deepEqual([asked[0]?.name, asked[0]?.timeoutMs], ['other', 500]);
  assert.equal(ask('/header').status, CONTINUE);
});

test('the router answers where there is no cluster, or none in time', () => {
  const { ask, asked } = world(`odcds: {${ADS}}`);
  for (const outcome of ['missing', 'timeout'] as const) {
    const { stream } = ask('/named');
    asked.pop()?.owner.onClusterDiscovered(outcome);
    assert.deepEqual([stream.requestContinued, stream.localReply], [1, undefined]);
  }
});

test('nothing is asked for where the cluster is there, or the route needs none', () => {
  const { ask, asked } = world(`odcds: {${ADS}}`, ['web']);
  assert.deepEqual(
    [ask('/named').status, ask('/here').status, ask('/elsewhere').status],
    [CONTINUE, CONTINUE, CONTINUE],
  );
  assert.equal(asked.length, 0);
});

test('a client that leaves waits no more', () => {
  const { ask, asked } = world(`odcds: {${ADS}}`);
  ask('/named').filter.onDestroy?.();
  assert.equal(asked[0]?.cancelled, true);
});

test('a route may ask in its own way, or not at all', () => {
  const { ask, asked } = world('{}');
  assert.equal(ask('/named').status, CONTINUE);
  const own = decode(
    `odcds: {${ADS}, timeout: 1s, resources_locator: "xdstp://a/envoy.config.cluster.v3.Cluster/x/*"}`,
    ON_DEMAND_ROUTE_TYPE,
  );
  assert.equal(ask('/named', [], own.config).status, STOP);
  assert.deepEqual([asked[0]?.timeoutMs, asked[0]?.from.resourcesLocator.slice(0, 9)], [1000, 'xdstp://a']);
  const { ask: askAll } = world(`odcds: {${ADS}}`);
  assert.equal(askAll('/named', [], decode('{}', ON_DEMAND_ROUTE_TYPE).config).status, CONTINUE);
});

test('a source that cannot be asked for one cluster is refused', () => {
  for (const [text, fault] of [
    ['odcds: {source: {path: /x}}', /odcds.source: cannot be asked for one resource more/],
    ['odcds: {}', /odcds.source: is missing/],
    [`odcds: {${ADS}, resources_locator: x}`, /resources_locator: "x" is no resource locator/],
  ] as const)
    assert.match(decode(text).faults.join('\n'), fault);
});

test('a request whose host has no routes waits for them, and goes on whatever comes', () => {
  const { ask } = world('{}');
  const { stream, status } = ask('/elsewhere', [], undefined, []);
  assert.equal(status, STOP);
  stream.routesAwaited?.[0]?.onRoutes();
  assert.equal(stream.requestContinued, 1);
  const left = ask('/elsewhere', [], undefined, []);
  left.filter.onDestroy?.();
  assert.deepEqual(left.stream.routesAwaited, []);
});
