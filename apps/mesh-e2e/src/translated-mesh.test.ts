// Two sidecars and what the control plane makes for them, on the wire: mutual TLS by itself, identities checked, STRICT,
// authorization by identity, method and path, and who called in x-forwarded-client-cert. Weft and Envoy take either side.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { configToJson } from '@weft/api-envoy';
import { readText } from '@weft/api-kube';
import { MeshSnapshotBuilder, type MeshProxy } from '@weft/control-mesh';
import { translate } from '@weft/control-translate';
import { once } from 'node:events';
import {
  call,
  CertificateAuthority,
  envoyProgram,
  freePorts,
  startEnvoy,
  startWeft,
  type IssuedCertificate,
  type ProxyStart,
  type RunningProxy,
} from '@weft/testing-harness';
import { staticBootstrap, type Json } from './static-bootstrap.ts';

const POLICIES = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: videos-api}
spec:
  selector: {matchLabels: {app: videos-api}}
  rules:
    - from: [{source: {principals: [cluster.local/ns/default/sa/playlists-api]}}]
      to: [{operation: {methods: [GET], paths: [/videos/*]}}]
      when: [{key: connection.sni, values: [outbound_.10010_._.videos-api.default.svc.cluster.local]}]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: videos-api}
spec:
  selector: {matchLabels: {app: videos-api}}
  mtls: {mode: STRICT}
`;

const authority = new CertificateAuthority();
let app: Server;
let appPort = 0;
before(async () => {
  app = createServer((request, response) => {
    response.end(JSON.stringify({ path: request.url, client: request.headers['x-forwarded-client-cert'] ?? '' }));
  }).listen(0, '127.0.0.1');
  await once(app, 'listening');
  appPort = (app.address() as { port: number }).port;
});
after(() => {
  app.close();
  authority.remove();
});

/** Secrets by name out of files, in place of an agent. */
function withSecrets(bootstrap: Json, { certFile, keyFile }: IssuedCertificate): Json {
  const text = JSON.stringify(bootstrap, (key, value: unknown) => (key === 'sds_config' ? undefined : value));
  const plain = JSON.parse(text) as { static_resources: Json };
  const secrets = [
    {
      name: 'default',
      tls_certificate: { certificate_chain: { filename: certFile }, private_key: { filename: keyFile } },
    },
    { name: 'ROOTCA', validation_context: { trusted_ca: { filename: authority.caFile } } },
  ];
  return { ...plain, static_resources: { ...plain.static_resources, secrets } };
}

interface Sidecars {
  readonly server: RunningProxy;
  readonly friend: { readonly port: number };
  readonly stranger: { readonly port: number };
  readonly serverPort: number;
}

type Start = (start: ProxyStart) => Promise<RunningProxy>;

async function startSidecars(startServer: Start, startClient: Start): Promise<Sidecars & { stop(): Promise<void> }> {
  const [serverPort = 0, friendPort = 0, strangerPort = 0] = await freePorts(3);
  const builder = new MeshSnapshotBuilder();
  builder.register({
    namespace: 'default', name: 'videos-api-1', service: 'videos-api', serviceAccount: 'videos-api', addresses: ['127.0.0.1'],
    labels: { app: 'videos-api' }, healthy: true, ports: [{ name: 'http', port: 10010, listenPort: serverPort, appPort }],
  }); // prettier-ignore
  for (const [i, { object }] of readText({ text: POLICIES, file: 'policies.yaml', format: 'yaml' }).entries()) {
    assert.ok(object);
    const { group, kind, metadata, spec } = object;
    const { namespace, name, labels, annotations } = metadata;
    builder.set({ ref: { group, kind, namespace, name }, createdAtMs: i, labels, annotations, spec });
  }
  const snapshot = builder.build();
  const start = async (how: Start, name: string, more: Partial<MeshProxy>): Promise<RunningProxy> => {
    const serviceAccount = name.replace(/-\d$/, '');
    const { clusters, endpoints, listeners, routes } = translate(snapshot, {
      id: name, role: 'sidecar', namespace: 'default', name, labels: { app: serviceAccount }, serviceAccount,
      addresses: ['127.0.0.1'], traffic: 'explicit', upstreams: [], dialled: [], locality: '', ...more,
    }); // prettier-ignore
    const json = (list: readonly Parameters<typeof configToJson>[0][]): Json[] =>
      list.map((one) => configToJson(one) as Json);
    const translated = {
      clusters: json(clusters),
      endpoints: json(endpoints),
      listeners: json(listeners),
      routes: json(routes),
    };
    const certificate = authority.issue(name, [`URI:spiffe://cluster.local/ns/default/sa/${serviceAccount}`]);
    return how({ bootstrap: withSecrets(staticBootstrap(translated), certificate) });
  };
  const upstream = (localPort: number) => ({ upstreams: [{ host: 'videos-api', port: 10010, localPort }] });
  const server = await start(startServer, 'videos-api-1', {});
  const friend = await start(startClient, 'playlists-api-1', upstream(friendPort));
  const stranger = await start(startClient, 'videos-web-1', upstream(strangerPort));
  return {
    server,
    serverPort,
    friend: { port: friendPort },
    stranger: { port: strangerPort },
    stop: async () => {
      await Promise.all([server, friend, stranger].map((proxy) => proxy.stop()));
    },
  };
}

function suite(title: string, choose: () => Promise<readonly [Start, Start]>): void {
  describe(title, () => {
    let sidecars: Awaited<ReturnType<typeof startSidecars>> | undefined;
    before(async () => {
      sidecars = await startSidecars(...(await choose()));
    });
    after(() => sidecars?.stop());
    const check = (name: string, body: (mesh: Sidecars) => Promise<void>): void => {
      test(name, async () => {
        assert.ok(sidecars);
        await body(sidecars);
      });
    };
    check('calls pass with the caller’s identity', async ({ friend }) => {
      const { status, body } = await call({ port: friend.port, path: '/videos/1' });
      assert.equal(status, 200, body);
      const { path, client } = JSON.parse(body) as { path: string; client: string };
      assert.equal(path, '/videos/1');
      assert.match(
        client,
        /^By=spiffe:\/\/cluster\.local\/ns\/default\/sa\/videos-api;Hash=[0-9a-f]{64};Subject="CN=playlists-api-1";URI=spiffe:\/\/cluster\.local\/ns\/default\/sa\/playlists-api$/,
      );
    });
    check('whoever is not allowed is refused, by identity, method and path', async ({ friend, stranger, server }) => {
      for (const [asked, label] of [
        [{ port: stranger.port, path: '/videos/1' }, 'another identity'],
        [{ port: friend.port, path: '/videos/1', method: 'DELETE' }, 'another method'],
        [{ port: friend.port, path: '/admin' }, 'another path'],
      ] as const) {
        const { status, body } = await call(asked);
        assert.deepEqual([status, body], [403, 'RBAC: access denied'], label);
      }
      const stats = await server.stats('rbac.(allowed|denied)$');
      assert.deepEqual(
        [...stats.values()].map((count) => count > 0),
        [true, true],
      );
    });
    check('STRICT takes no plaintext, and Weft says so on both sides', async ({ serverPort, server }) => {
      const said = await call({ port: serverPort, path: '/videos/1' }).then(
        ({ status, body }) => `${status} ${body}`,
        () => 'closed',
      );
      await server.statReaches(`listener.127.0.0.1_${serverPort}.ssl.connection_error`, (count) => count > 0);
      if (title.endsWith('Envoy')) {
        assert.equal(said, 'closed');
        return;
      }
      assert.match(said, /^400 This port speaks TLS, and the request came in plaintext/);
      await server.process.waitFor(/HTTP\/1\.x request/);
    });
  });
}

const withEnvoy = (pair: (other: Start) => readonly [Start, Start]) => async () => {
  const program = await envoyProgram();
  return pair((start) => startEnvoy(program, start));
};

suite('Weft to Weft', () => Promise.resolve([startWeft, startWeft] as const));
suite(
  'Weft to Envoy',
  withEnvoy((other) => [other, startWeft]),
);
suite(
  'Envoy to Weft',
  withEnvoy((other) => [startWeft, other]),
);
