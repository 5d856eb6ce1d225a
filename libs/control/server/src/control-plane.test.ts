import { create, fromBinary, toBinary, type Message } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { ClientStatusResponse } from '@weft/api-envoy/gen/envoy/service/status/v3/csds_pb';
import { ServingCertificate, type ServingMaterial } from '@weft/control-ca';
import { CONTROL_PLANE_NAME } from '@weft/control-registry';
import type { GrpcStatus } from '@weft/core-grpc';
import { createRuntime } from '@weft/core-runtime';
import { GrpcJsChannel, type GrpcChannelTls } from '@weft/net-grpc';
import { TYPE_URL } from '@weft/xds-server';
import { TestProxy, type ReceivedResponse } from '@weft/xds-server/testing';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { ControlPlane, type ControlPlaneAddresses } from './control-plane.ts';
import { parseControlPlaneOptions } from './options.ts';

const NODE = 'sidecar~127.0.0.1~web.default~default.svc.cluster.local';
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

const entry = (name: string, address: string): string => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}}
spec:
  hosts: [${name}.example.com]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: ${address}}]
`;

interface World {
  readonly folder: string;
  readonly controlPlane: ControlPlane;
  readonly addresses: ControlPlaneAddresses;
  readonly log: string[];
  write(file: string, text: string): void;
}

/** Everybody is told of everything, unless a test is about that. */
async function world(
  files: Readonly<Record<string, string>> = {},
  folder = newFolder(),
  scope = 'mesh',
): Promise<World> {
  const write = (file: string, text: string): void => {
    writeFileSync(join(folder, `.${file}`), text);
    renameSync(join(folder, `.${file}`), join(folder, file));
  };
  for (const [file, text] of Object.entries(files)) write(file, text);
  const parsed = parseControlPlaneOptions([
    '--config-dir', folder, '--xds-port=0', '--secure-port=0', '--metrics-port=0', '--debug-port=0', '--debounce-after=1ms',
    `--scope=${scope}`,
  ]); // prettier-ignore
  if (parsed.kind !== 'options') throw new Error(JSON.stringify(parsed));
  const log: string[] = [];
  const controlPlane = await ControlPlane.open(
    parsed.options,
    createRuntime('info', (line) => log.push(line)),
  );
  const addresses = await controlPlane.start();
  cleanUp.push(() => controlPlane.stop());
  return { folder, controlPlane, addresses, log, write };
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weft-control-'));
  cleanUp.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A proxy over a real connection, and a way to wait for what it hears. */
function proxyAt(
  target: string,
  {
    tls,
    metadata = {},
    node = NODE,
  }: { tls?: GrpcChannelTls; metadata?: Readonly<Record<string, string>>; node?: string } = {},
): { proxy: TestProxy; until(ready: (proxy: TestProxy) => boolean): Promise<void> } {
  const clock = { nowMs: () => performance.now(), wallMs: () => 0 };
  const channel = new GrpcJsChannel({ target, clock, ...(tls === undefined ? {} : { tls }) });
  cleanUp.push(() => channel.close());
  let wake: () => void = () => undefined;
  const proxy = new TestProxy(channel, {
    protocol: 'delta',
    node,
    metadata,
    onResponse: () => wake(),
    onEnd: () => wake(),
  });
  for (const type of [TYPE_URL.cluster, TYPE_URL.listener]) proxy.subscribe(type, ['*']);
  return {
    proxy,
    until: async (ready) => {
      while (!ready(proxy)) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

/** What the proxy of the namespace's `default` account shows. */
async function certified({ authority, runtime }: ControlPlane, namespace = 'default'): Promise<GrpcChannelTls> {
  let material: ServingMaterial | undefined;
  const serving = await ServingCertificate.open({
    authority,
    identity: { trustDomain: 'cluster.local', namespace, serviceAccount: 'default' },
    dnsNames: [],
    addresses: [],
    runtime,
    use: (made) => (material = made),
  });
  cleanUp.push(() => serving.close());
  const { certificateChain = '', privateKey = '', clientCa = '' } = material ?? {};
  return { certificateChain, privateKey, rootCa: clientCa, serverName: CONTROL_PLANE_NAME };
}

const clusters = (proxy: TestProxy): string[] => [...(proxy.has.get(TYPE_URL.cluster)?.keys() ?? [])].sort();
const has = (name: string) => (proxy: TestProxy) => clusters(proxy).includes(`outbound|80||${name}.example.com`);

test('a proxy gets what the documents say, and what they say later', async () => {
  const { addresses, write } = await world({ 'a.yaml': entry('a', '10.0.0.1') });
  const { proxy, until } = proxyAt(addresses.xds);
  await until(has('a'));
  write('b.yaml', entry('b', '10.0.0.2'));
  await until(has('b'));
  const before = proxy.responses.length;
  proxy.subscribe(TYPE_URL.endpoint, ['outbound|80||a.example.com']);
  await until(() => proxy.has.get(TYPE_URL.endpoint)?.size === 1);
  write('a.yaml', entry('a', '10.0.0.9'));
  const version = proxy.has.get(TYPE_URL.endpoint)?.get('outbound|80||a.example.com');
  await until(() => proxy.has.get(TYPE_URL.endpoint)?.get('outbound|80||a.example.com') !== version);
  // One endpoint changed: one resource went over the wire.
  const later: readonly ReceivedResponse[] = proxy.responses.slice(before + 1);
  assert.deepEqual(
    later.flatMap(({ names }) => names),
    ['outbound|80||a.example.com'],
  );
});

test('a captured proxy is told of a service once it asks, and that there is none where there is none', async () => {
  const folder = newFolder();
  const { addresses } = await world(
    { 'a.yaml': entry('a', '10.0.0.1'), 'b.yaml': entry('b', '10.0.0.2') },
    folder,
    'declared',
  );
  const { proxy, until } = proxyAt(addresses.xds);
  await until(() => clusters(proxy).includes('PassthroughCluster'));
  assert.deepEqual(
    clusters(proxy).filter((name) => name.startsWith('outbound')),
    [],
  );
  proxy.subscribe(TYPE_URL.cluster, ['*', 'outbound|80||a.example.com']);
  await until(has('a'));
  assert.equal(has('b')(proxy), false);
  const said = proxy.responses.length;
  proxy.subscribe(TYPE_URL.cluster, ['*', 'outbound|80||a.example.com', 'outbound|80||nowhere.test']);
  await until(() => proxy.responses.slice(said).some(({ removed }) => removed.includes('outbound|80||nowhere.test')));
  // Who comes again names what it called.
  const { proxy: again, until: untilAgain } = proxyAt(addresses.xds);
  again.subscribe(TYPE_URL.cluster, ['*', 'outbound|80||a.example.com']);
  await untilAgain(has('a'));
});

test('a faulty document leaves the last good one in force, and is told with its place', async () => {
  const { addresses, write, log, controlPlane } = await world({ 'a.yaml': entry('a', '10.0.0.1') });
  const { proxy, until } = proxyAt(addresses.xds);
  await until(has('a'));
  write('a.yaml', entry('a', '10.0.0.1').replace('resolution', 'resolutoin'));
  write('b.yaml', entry('b', '10.0.0.2'));
  await until(has('b'));
  assert.ok(has('a')(proxy));
  assert.equal(controlPlane.mesh.objects.refused.length, 1);
  assert.match(log.join(''), /a\.yaml:7:3: .*resolutoin.*did you mean "resolution"/);
});

test('a running workload is in the mesh as long as it is registered, also after a restart', async () => {
  const first = await world();
  first.controlPlane.registrations.put({
    namespace: 'default',
    name: 'api-1',
    service: 'api',
    addresses: ['10.0.0.5'],
    ports: [{ port: 8080, protocol: 'HTTP' }],
    labels: { app: 'api' },
    healthy: true,
  });
  const { proxy, until } = proxyAt(first.addresses.xds);
  const wanted = 'outbound|8080||api.default.svc.cluster.local';
  await until(() => clusters(proxy).includes(wanted));
  const root = readFileSync(join(first.folder, '.weft-state', 'root-cert.pem'), 'utf8');
  await first.controlPlane.stop();
  const second = await world({}, first.folder);
  const again = proxyAt(second.addresses.xds);
  await again.until((one) => clusters(one).includes(wanted));
  assert.equal(readFileSync(join(first.folder, '.weft-state', 'root-cert.pem'), 'utf8'), root);
  second.controlPlane.registrations.remove('default', 'api-1');
  await again.until((one) => !clusters(one).includes(wanted));
});

test('the id of a proxy belongs to the caller with the certificate', async () => {
  const { addresses, controlPlane } = await world({ 'a.yaml': entry('a', '10.0.0.1') });
  const first = proxyAt(addresses.xds, { metadata: { NAMESPACE: 'elsewhere' } });
  await first.until(has('a'));
  assert.equal(controlPlane.pusher.proxy(NODE)?.namespace, 'elsewhere');
  const genuine = proxyAt(addresses.secure, { tls: await certified(controlPlane) });
  await genuine.until(has('a'));
  assert.equal(controlPlane.pusher.proxy(NODE)?.namespace, 'default');
  await first.until(({ status }) => status !== undefined);
  assert.match(first.proxy.status?.message ?? '', /connected with a certificate now/);
  const later = proxyAt(addresses.xds, { metadata: { NAMESPACE: 'elsewhere' } });
  await later.until(({ status }) => status !== undefined);
  assert.match(later.proxy.status?.message ?? '', /this caller shows none/);
  assert.deepEqual(later.proxy.responses, []);
});

/** One call with one message, over a connection of its own. */
function ask(
  target: string,
  path: string,
  message: Message,
  tls?: GrpcChannelTls,
): Promise<[Uint8Array[], GrpcStatus]> {
  const clock = { nowMs: () => performance.now(), wallMs: () => 0 };
  const channel = new GrpcJsChannel({ target, clock, ...(tls === undefined ? {} : { tls }) });
  cleanUp.push(() => channel.close());
  const heard: Uint8Array[] = [];
  return new Promise((resolve) => {
    const call = channel.call(path, {
      onMessage: (octets) => void heard.push(octets),
      onEnd: (status) => resolve([heard, status]),
    });
    call.send(toBinary(schemaOf(message.$typeName), message));
    call.end();
  });
}

const schemaOf = (name: string) => {
  const schema = registry().getMessage(name);
  assert.ok(schema !== undefined, name);
  return schema;
};
const messageOf = (name: string, fields: object): Message => create(schemaOf(name), fields as never);

test('the status of clients is told over gRPC: of its own namespace to a workload, all of it to the system', async () => {
  const { addresses, controlPlane } = await world({ 'a.yaml': entry('a', '10.0.0.1') });
  const { until } = proxyAt(addresses.xds);
  await until(has('a'));
  const foreign = proxyAt(addresses.xds, { node: 'sidecar~127.0.0.1~web.other~other.svc.cluster.local' });
  await foreign.until(has('a'));
  const nodes = async (target: string, tls?: GrpcChannelTls): Promise<string[]> => {
    const path = '/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus';
    const name = 'envoy.service.status.v3.ClientStatus';
    const [[octets]] = await ask(target, path, messageOf(`${name}Request`, {}), tls);
    const answer = fromBinary(schemaOf(`${name}Response`), octets ?? new Uint8Array()) as ClientStatusResponse;
    for (const { genericXdsConfigs } of answer.config) {
      const cluster = genericXdsConfigs.find(({ name: one }) => one === 'outbound|80||a.example.com');
      assert.deepEqual([cluster?.configStatus, cluster?.xdsConfig?.typeUrl], [1, TYPE_URL.cluster]);
    }
    return answer.config.map(({ node }) => node?.id.split('~')[2] ?? '').sort();
  };
  assert.deepEqual(await nodes(addresses.xds), ['web.default', 'web.other']);
  assert.deepEqual(await nodes(addresses.secure, await certified(controlPlane)), ['web.default']);
  assert.deepEqual(await nodes(addresses.secure, await certified(controlPlane, 'istio-system')), [
    'web.default',
    'web.other',
  ]);
});

test('a workload reports for its own node only, and what it reports is counted, shown, and forgotten with it', async () => {
  const { addresses, controlPlane } = await world({ 'a.yaml': entry('a', '10.0.0.1') });
  const tls = await certified(controlPlane);
  const { proxy, until } = proxyAt(addresses.secure, { tls });
  await until(has('a'));
  const report = async (id: string): Promise<number> => {
    const logEntries = { case: 'httpLogs', value: { logEntry: [{ request: { path: '/x' } }] } };
    const identifier = { node: { id }, logName: 'web' };
    const logs = messageOf('envoy.service.accesslog.v3.StreamAccessLogsMessage', { identifier, logEntries });
    const logPath = '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs';
    const loads = messageOf('envoy.service.load_stats.v3.LoadStatsRequest', { node: { id } });
    const loadPath = '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats';
    const [[, first], [, second]] = [
      await ask(addresses.secure, logPath, logs, tls),
      await ask(addresses.secure, loadPath, loads, tls),
    ];
    assert.equal(first.code, second.code);
    return first.code;
  };
  const UNAUTHENTICATED = 16;
  assert.equal(await report('sidecar~127.0.0.1~db.payments~payments.svc.cluster.local'), UNAUTHENTICATED);
  assert.equal(await report(NODE), 0);
  const page = async (): Promise<string> => (await fetch(`http://${addresses.metrics}/metrics`)).text();
  assert.match(await page(), /^weft_access_log_entries\{node="sidecar~127.0.0.1~web.default~.*",kind="http"\} 1$/m);
  assert.deepEqual(controlPlane.reports.accessLogs.of(NODE)[0]?.entry, { request: { path: '/x' } });
  proxy.cancel();
  while (controlPlane.pusher.proxy(NODE) !== undefined) await new Promise((resolve) => setImmediate(resolve));
  assert.doesNotMatch(await page(), /weft_access_log_entries\{/);
});

test('a folder that is not there is named, and nothing is made', async () => {
  const configDir = join(newFolder(), 'mehs');
  const parsed = parseControlPlaneOptions(['--config-dir', configDir]);
  assert.ok(parsed.kind === 'options');
  await assert.rejects(
    ControlPlane.open(
      parsed.options,
      createRuntime('critical', () => undefined),
    ),
    /mehs: there is no such folder; mkdir makes it/,
  );
  assert.equal(existsSync(configDir), false);
});

test('keys are for their owner alone', async () => {
  const { folder } = await world();
  const state = join(folder, '.weft-state');
  assert.equal(statSync(state).mode & 0o077, 0);
  assert.equal(statSync(join(state, 'token-key.pem')).mode & 0o077, 0);
});

test('a proxy that says not what it is gets nothing, and the log says why', async () => {
  const { addresses, log } = await world({ 'a.yaml': entry('a', '10.0.0.1') });
  const channel = new GrpcJsChannel({
    target: addresses.xds,
    clock: { nowMs: () => performance.now(), wallMs: () => 0 },
  });
  cleanUp.push(() => channel.close());
  const nobody = new TestProxy(channel, { protocol: 'sotw', node: 'nobody' });
  nobody.subscribe(TYPE_URL.cluster);
  const { until } = proxyAt(addresses.xds);
  await until(has('a'));
  assert.deepEqual(nobody.story(), []);
  assert.match(log.join(''), /A proxy calls itself "nobody": it gets nothing/);
});

test('a waypoint is taken for one: it is acknowledged with no listeners, and the log says why', async () => {
  const { addresses, log } = await world({ 'a.yaml': entry('a', '10.0.0.1') });
  const node = 'waypoint~127.0.0.1~way.default~default.svc.cluster.local';
  const { proxy, until } = proxyAt(addresses.xds, { node });
  await until(({ responses }) => responses.some(({ typeUrl }) => typeUrl === TYPE_URL.listener));
  assert.deepEqual(
    proxy.responses.map(({ names }) => names),
    [['BlackHoleCluster'], []],
  );
  assert.match(log.join(''), /waypoint~\S+ is a waypoint: it gets no listeners/);
});

test('the metrics page and the debug port answer', async () => {
  const { addresses } = await world({ 'a.yaml': entry('a', '10.0.0.1') });
  const { until } = proxyAt(addresses.xds);
  await until(has('a'));
  const page = await (await fetch(`http://${addresses.metrics}/metrics`)).text();
  assert.match(page, /^pilot_services 1$/m);
  assert.match(page, /^pilot_xds_pushes\{type="cds"\} [1-9]/m);
  assert.match(page, /^cert_expiry_seconds\{/m);
  assert.equal(await (await fetch(`http://${addresses.debug}/ready`)).text(), 'ready\n');
  const missing = await fetch(`http://${addresses.debug}/nothing`);
  assert.equal(missing.status, 404);
  assert.match(await missing.text(), /there is nothing at \/nothing/);
  assert.equal((await fetch(`http://${addresses.debug}/%E0%A4%A`)).status, 400);
});

test('a port that is taken while the state is opened is named by its flag, and nothing stays open', async () => {
  const rival = createServer().listen(0, '127.0.0.1');
  await once(rival, 'listening');
  const { port } = rival.address() as AddressInfo;
  await new Promise((resolve) => rival.close(resolve));
  const parsed = parseControlPlaneOptions(['--config-dir', newFolder(), '--secure-port=0', '--xds-port=0',
    '--metrics-port', String(port), '--debug-port=0']); // prettier-ignore
  if (parsed.kind !== 'options') throw new Error(JSON.stringify(parsed));
  const controlPlane = await ControlPlane.open(
    parsed.options,
    createRuntime('info', () => undefined),
  );
  rival.listen(port, '127.0.0.1');
  await once(rival, 'listening');
  cleanUp.push(() => rival.close());
  await assert.rejects(controlPlane.start(), /--metrics-port cannot be opened: .*EADDRINUSE/);
});
