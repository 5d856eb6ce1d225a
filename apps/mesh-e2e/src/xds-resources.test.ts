// Resources that live for a while, and collections of them: our server with Envoy, with weft proxy, and with our own client.
import { InMemoryGrpc } from '@weft/core-grpc/testing';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import {
  edsCluster,
  endpointsOf,
  eventually,
  envoyProgram,
  startEnvoy,
  startWeft,
  xdsBootstrap,
  XdsTestServer,
  type RunningProxy,
  type XdsForm,
} from '@weft/testing-harness';
import { Subscriptions, type ResourceUpdate } from '@weft/xds-client';
import { Snapshot, SnapshotCache, TYPE_URL, XdsServer } from '@weft/xds-server';
import { testCluster } from '@weft/xds-server/testing';
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { activeClusters } from './config-state.ts';

const NODE = 'proxy-1';
const TTL_MS = 2400;
const CLUSTERS = 'xdstp://mesh/envoy.config.cluster.v3.Cluster';
type Kind = 'envoy' | 'weft';

async function start(kind: Kind, bootstrap: object): Promise<RunningProxy> {
  if (kind === 'weft') return startWeft({ bootstrap });
  const envoy = await envoyProgram();
  return startEnvoy(envoy, { bootstrap });
}

const layer = (value: number): object => ({
  '@type': 'type.googleapis.com/envoy.service.runtime.v3.Runtime',
  name: 'mesh',
  layer: { 'weft.test': value },
});
const runtimeFrom = { ads: {}, resource_api_version: 'V3' };
const layered_runtime = {
  layers: [{ name: 'mesh', rtds_layer: { name: 'mesh', rtds_config: runtimeFrom } }],
};

const KINDS: readonly Kind[] = ['envoy', 'weft'];
const FORMS: readonly XdsForm[] = ['sotw', 'delta'];
for (const kind of KINDS)
  for (const form of FORMS)
    describe(`${kind}, ${form}`, () => {
      it('keeps what has a TTL for as long as the server is there, and no longer', async () => {
        const server = await XdsTestServer.start();
        server.publish(NODE, { set: [layer(7)], ttlMs: TTL_MS });
        // Envoy takes what is wrapped in state of the world, and says so where its bootstrap does.
        const node = { id: NODE, cluster: 'suite', client_features: ['xds.config.resource-in-sotw'] };
        const bootstrap = { ...xdsBootstrap({ node: NODE, port: server.port, form }), node, layered_runtime };
        const proxy = await start(kind, bootstrap);
        const value = async (): Promise<string | undefined> => {
          const { body } = await proxy.ask('/runtime');
          return (JSON.parse(body) as { entries: Record<string, { final_value: string }> }).entries['weft.test']
            ?.final_value;
        };
        try {
          await eventually('the layer is there', async () => ((await value()) === '7' ? true : undefined));
          // Three in a life: more than one passes.
          await server.until('heartbeats', ({ responses }) => (responses.get(TYPE_URL.runtime) ?? 0) > 4);
          await eventually('the layer is still there', async () => ((await value()) === '7' ? true : undefined));
          await server.stop();
          await eventually('the layer is gone', async () => ((await value()) === undefined ? true : undefined));
        } finally {
          await proxy.stop();
          await server.stop();
        }
      });
    });

test('Envoy takes a collection of clusters', async () => {
  const server = await XdsTestServer.start();
  const inIt = ['one', 'two'].map((name) => `${CLUSTERS}/sidecars/${name}`);
  const resources = (names: readonly string[]): object[] =>
    names.flatMap((name) => [
      edsCluster(name, { eds_cluster_config: { eds_config: runtimeFrom, service_name: `eds-${name.at(-1) ?? ''}` } }),
      endpointsOf(`eds-${name.at(-1) ?? ''}`, [1]),
    ]);
  server.publish(NODE, { set: resources([...inIt, `${CLUSTERS}/others/four`, 'plainly']) });
  const base = xdsBootstrap({ node: NODE, port: server.port, form: 'delta' }) as {
    readonly dynamic_resources: object;
  };
  const dynamic_resources = { ...base.dynamic_resources, cds_resources_locator: `${CLUSTERS}/sidecars/*` };
  const proxy = await start('envoy', { ...base, dynamic_resources });
  try {
    const active = (wanted: readonly string[]): Promise<true> =>
      eventually(wanted.join(), async () => {
        const names = await activeClusters(proxy);
        return JSON.stringify(names) === JSON.stringify(wanted) || undefined;
      });
    await active(inIt);
    const three = `${CLUSTERS}/sidecars/three`;
    server.publish(NODE, { set: resources([three]), remove: [{ typeUrl: TYPE_URL.cluster, name: inIt[0] ?? '' }] });
    await active([three, inIt[1] ?? '']);
  } finally {
    await proxy.stop();
    await server.stop();
  }
});

test('our client asks for collections, single names and everything, and drops what it asks for no more', async () => {
  const runtime = createFakeRuntime();
  const cache = new SnapshotCache();
  const server = new XdsServer({ cache, runtime });
  const grpc = new InMemoryGrpc(server.services, { eager: true });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 6; i += 1) {
      runtime.timers.advance(0);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const subscriptions = new Subscriptions({
    node: { id: NODE, cluster: 'c', locality: undefined, metadata: undefined, version: '1.2.3' },
    ads: {
      kind: 'api',
      apiType: 'DELTA_GRPC',
      grpcServices: [
        {
          timeoutMs: 0,
          initialMetadata: [],
          kind: 'cluster',
          cluster: 'x',
          authority: 'x',
        },
      ],
      clusterNames: [],
      refreshDelayMs: 0,
      requestTimeoutMs: 1000,
      setNodeOnFirstMessageOnly: true,
      rateLimit: undefined,
    },
    channels: () => grpc,
    runtime,
    stats: createNullScope(),
  });
  const source = { kind: 'ads', initialFetchTimeoutMs: 15_000 } as const;
  const subscribe = (names: readonly string[] | 'wildcard') => {
    const force = new Set<string>();
    const onUpdate = ({ added, removed }: ResourceUpdate): Promise<void> => {
      for (const name of removed) force.delete(name);
      for (const { name } of added) force.add(name);
      return Promise.resolve();
    };
    const typeName = 'envoy.config.cluster.v3.Cluster';
    const stats = createNullScope();
    const subscription = subscriptions.subscribe({ source, typeName, names, stats, watcher: { onUpdate } });
    void subscription.start();
    return { force, subscription };
  };
  const [one, two] = [`${CLUSTERS}/x/one`, `${CLUSTERS}/x/two`];
  cache.set(NODE, Snapshot.of([testCluster(one), testCluster('plain')]));
  const collection = subscribe([`${CLUSTERS}/x/*`]);
  const single = subscribe(['plain']);
  await settle();
  assert.deepEqual([[...collection.force], [...single.force]], [[one], ['plain']]);
  cache.set(NODE, Snapshot.of([testCluster(two), testCluster('plain', 2)]));
  await settle();
  assert.deepEqual([...collection.force], [two]);
  const everything = subscribe('wildcard');
  await settle();
  assert.deepEqual([...everything.force].sort(), ['plain', two].sort());
  collection.subscription.close();
  everything.subscription.close();
  await settle();
  const [stream] = server.status();
  assert.deepEqual(
    stream?.types.map(({ wildcard, subscribed, resources }) => [wildcard, subscribed, resources]),
    [[false, 1, 1]],
  );
  subscriptions.close();
});
