import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  call,
  edsCluster,
  endpointsOf,
  eventually,
  rdsListener,
  routesTo,
  startForeignControlPlane,
  startWeft,
  xdsBootstrap,
  type ForeignControlPlane,
  type ForeignKind,
  type RunningProxy,
  type StreamEvent,
  type XdsForm,
} from '@weft/testing-harness';
import { activeClusters, configState } from './config-state.ts';
import { startNamedUpstream, type NamedUpstream } from './named-upstream.ts';

const NODE = 'sidecar-1';
const BREAKS_A_RULE = edsCluster('wrong', { connect_timeout: '0s' });
/** Well-formed, but two chains for the same connections cannot be told apart. */
const CANNOT_BE_BUILT = (() => {
  const { filter_chains: chains, ...rest } = rdsListener('twice', 'routes') as { filter_chains: object[] };
  return { ...rest, filter_chains: [...chains, ...chains] };
})();

/** Without the label of each type's last response: a server that starts again may label the same resources anew. */
async function stateOf(proxy: RunningProxy): Promise<unknown> {
  const sections = (await configState(proxy)) as readonly { readonly version_info?: string }[];
  return sections.map(({ version_info: _, ...section }) => section);
}

const KINDS: readonly ForeignKind[] = ['go-control-plane', 'java-control-plane'];
const FORMS: readonly XdsForm[] = ['sotw', 'delta'];

for (const kind of KINDS)
  for (const form of FORMS)
    describe(`our proxy under ${kind}, ${form}`, () => {
      let control: ForeignControlPlane;
      let proxy: RunningProxy;
      let a: NamedUpstream;
      let b: NamedUpstream;
      let port = 0;
      let version = 0;
      let last: readonly object[] = [];

      const publish = async (...resources: readonly object[]): Promise<void> => {
        version += 1;
        last = resources;
        await control.set(NODE, `v${version}`, resources);
      };
      const answers = (name: string): Promise<true> =>
        eventually(`${name} answers`, async () => (await call({ port })).body === name || undefined);
      const refusal = (type: string, since: number): Promise<StreamEvent> =>
        eventually(`a refusal of ${type}`, async () =>
          (await control.events()).slice(since).find(({ error, typeUrl }) => error !== '' && typeUrl.endsWith(type)),
        );
      const onlyA = () => [edsCluster('a'), endpointsOf('a', [a.port]), rdsListener('web', 'routes'), routesTo('routes', 'a')]; // prettier-ignore
      const onlyB = () => [edsCluster('b'), endpointsOf('b', [b.port]), rdsListener('web', 'routes'), routesTo('routes', 'b')]; // prettier-ignore

      before(async () => {
        [a, b, control] = await Promise.all([
          startNamedUpstream('A'),
          startNamedUpstream('B'),
          startForeignControlPlane(kind),
        ]);
        await publish(...onlyA());
        proxy = await startWeft({ bootstrap: xdsBootstrap({ node: NODE, port: control.port, form }) });
      });
      after(async () => {
        await proxy?.stop();
        await control?.kill();
        for (const upstream of [a, b]) upstream?.stop();
      });

      it('serves what the first snapshot says', async () => {
        port = await proxy.portOf('web');
        await answers('A');
        assert.deepEqual(await activeClusters(proxy), ['a']);
      });

      it('follows an update of clusters, routes and listeners', async () => {
        const second = rdsListener('second', 'second-routes');
        await publish(...onlyB(), edsCluster('a'), endpointsOf('a', [a.port]), second, routesTo('second-routes', 'a'));
        await answers('B');
        const secondPort = await proxy.portOf('second');
        assert.equal((await call({ port: secondPort })).body, 'A');
        await publish(...last.map((each) => ('cluster_name' in each ? endpointsOf(String(each.cluster_name), [a.port]) : each))); // prettier-ignore
        await answers('A');
      });

      it('lets go of what is removed', async () => {
        const secondPort = await proxy.portOf('second');
        await publish(...onlyB());
        await eventually('cluster a goes', async () => (await activeClusters(proxy)).join() === 'b' || undefined);
        await answers('B');
        await eventually('the second listener closes', () =>
          call({ port: secondPort }).then(
            () => undefined,
            () => true,
          ),
        );
      });

      it('refuses what breaks a rule, says why, and keeps what it has', async () => {
        const since = (await control.events()).length;
        await publish(...onlyB(), BREAKS_A_RULE);
        const { error, nonce } = await refusal('.Cluster', since);
        assert.match(error, /Cluster "wrong": connect_timeout: /);
        assert.notEqual(nonce, '');
        await proxy.statReaches('cluster_manager.cds.update_rejected', (count) => count >= 1);
        await answers('B');
        assert.deepEqual(await activeClusters(proxy), ['b']);
      });

      it('refuses what cannot be built alone, and goes on with the next good snapshot', async () => {
        const since = (await control.events()).length;
        await publish(...onlyB(), CANNOT_BE_BUILT);
        assert.match((await refusal('.Listener', since)).error, /Listener "twice": /);
        await answers('B');
        await publish(...onlyA());
        await answers('A');
      });

      it('serves on while the server is away, comes back to it, and has the same state', async () => {
        await eventually('cluster b goes', async () => (await activeClusters(proxy)).join() === 'a' || undefined);
        const state = await stateOf(proxy);
        await control.kill();
        await proxy.statReaches('control_plane.connected_state', (connected) => connected === 0);
        await answers('A');
        assert.deepEqual(await stateOf(proxy), state);
        control = await startForeignControlPlane(kind, control.port);
        await control.set(NODE, `v${version}`, last);
        await eventually(
          'the proxy asks for all four types again',
          async () => new Set((await control.events()).map(({ typeUrl }) => typeUrl)).size === 4 || undefined,
          60_000,
        );
        await answers('A');
        assert.deepEqual(await stateOf(proxy), state);
        await publish(...onlyB());
        await answers('B');
      });
    });
