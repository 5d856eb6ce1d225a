import { fromBinary, toBinary, create, type DescMessage } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import {
  CertificateAuthority,
  TokenAuthority,
  certificateAuthenticator,
  certificateService,
  tokenAuthenticator,
} from '@weft/control-ca';
import type { GrpcMetadata } from '@weft/core-grpc';
import { InMemoryGrpc } from '@weft/core-grpc/testing';
import { createRuntime, type Runtime } from '@weft/core-runtime';
import { GrpcJsChannel, GrpcServer, GrpcTls } from '@weft/net-grpc';
import { certificateFacts, createSigningRequest, generateKeys, privateKeyPem } from '@weft/net-x509';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CaClient } from './ca-client.ts';
import { SecretServer } from './secret-server.ts';
import { WorkloadCertificates } from './workload-certificates.ts';

const TD = 'cluster.local';
const WEB = { trustDomain: TD, namespace: 'videos', serviceAccount: 'web' };
const URI = 'spiffe://cluster.local/ns/videos/sa/web';

interface World {
  readonly runtime: Runtime;
  readonly folder: string;
  readonly authority: CertificateAuthority;
  readonly tokens: TokenAuthority;
  readonly logged: string[];
}

async function world(t: TestContext): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-sds-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const logged: string[] = [];
  const runtime = createRuntime('debug', (line) => logged.push(line));
  const stateDir = join(folder, 'state');
  const authority = await CertificateAuthority.open({ stateDir, trustDomain: TD }, runtime);
  t.after(() => authority.close());
  return { runtime, folder, authority, tokens: TokenAuthority.open(stateDir, TD, runtime), logged };
}

function services({ authority, tokens, runtime }: World): ReturnType<typeof certificateService> {
  const authenticators = [tokenAuthenticator(tokens), certificateAuthenticator(TD, runtime.clock)];
  return certificateService({ authority, authenticators, log: runtime.loggers.get('ca') });
}

test('the proxy gets certificate and trust bundle by SDS, and the next ones as they come', async (t) => {
  const w = await world(t);
  const path = join(w.folder, 'sds.sock');
  const net = new InMemoryGrpc(services(w), { eager: true });
  const signer = new CaClient({
    connect: () => ({ call: net.call.bind(net), close: () => undefined }),
    pinnedRoots: '',
    token: () => Promise.resolve(w.tokens.issue({ identity: WEB, name: 'web' })),
    wallMs: () => w.runtime.clock.wallMs(),
  });
  const certificates = new WorkloadCertificates({ identity: WEB, signer, runtime: w.runtime });
  t.after(() => certificates.close());
  const server = new SecretServer(certificates, path, w.runtime);
  await server.listen();
  t.after(() => server.stop());
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const stream = openStream(path, w.runtime);
  t.after(() => stream.close());
  // Asked before there is a certificate: the proxy waits.
  stream.ask('default');
  certificates.start();
  const held = await certificates.ready();
  const first = await stream.next();
  assert.deepEqual(secretOf(first), {
    name: 'default',
    case: 'tlsCertificate',
    chain: held.chain.join(''),
    key: privateKeyPem(held.keys.privateKey),
  });
  await certificates.renew();
  const second = await stream.next();
  assert.notDeepEqual(secretOf(second), secretOf(first));
  const roots = openStream(path, w.runtime);
  t.after(() => roots.close());
  roots.ask('ROOTCA');
  assert.deepEqual(secretOf(await roots.next()), {
    name: 'ROOTCA',
    case: 'validationContext',
    roots: w.authority.trustBundle().join(''),
  });
  assert.ok(!w.logged.join('').includes('PRIVATE KEY'), 'no key is in the log');
});

test('over TLS the first certificate comes for a token, the second for the first, with the root pinned', async (t) => {
  const w = await world(t);
  const keys = await generateKeys();
  const signed = await w.authority.sign({
    csr: await createSigningRequest(keys, []),
    identity: { trustDomain: TD, namespace: 'istio-system', serviceAccount: 'istiod' },
    serving: { dnsNames: ['istiod.istio-system.svc'], addresses: [] },
  });
  assert.ok(signed.ok);
  const tls = new GrpcTls(
    {
      certificateChain: signed.chain.join(''),
      privateKey: privateKeyPem(keys.privateKey),
      clientCa: w.authority.trustBundle().join(''),
    },
    'request',
  );
  const seen: GrpcMetadata[] = [];
  const counted = new Map(
    [...services(w)].map(([name, handler]) => [
      name,
      (call: Parameters<typeof handler>[0]) => {
        seen.push(call.metadata.filter(([key]) => key === 'authorization'));
        return handler(call);
      },
    ]),
  );
  const server = new GrpcServer({ services: counted, timers: w.runtime.timers });
  t.after(() => server.stop(0));
  const target = await server.listen({ address: '127.0.0.1:0', tls });
  const client = (pinnedRoots: string): CaClient =>
    new CaClient({
      connect: (credentials) =>
        new GrpcJsChannel({
          target,
          clock: w.runtime.clock,
          tls: { ...credentials, serverName: 'istiod.istio-system.svc' },
        }),
      pinnedRoots,
      token: () => Promise.resolve(w.tokens.issue({ identity: WEB, name: 'web' })),
      wallMs: () => w.runtime.clock.wallMs(),
      timeoutMs: 2000,
    });
  const signer = client(w.authority.trustBundle().join(''));
  const certificates = new WorkloadCertificates({ identity: WEB, signer, runtime: w.runtime });
  t.after(() => certificates.close());
  await certificates.renew();
  await certificates.renew();
  assert.equal(certificates.status.fault, undefined);
  assert.deepEqual(
    seen.map((metadata) => metadata.length),
    [1, 0],
  );
  assert.deepEqual(certificateFacts(certificates.current?.chain[0] ?? '')?.uris, [URI]);
  const stranger = await world(t);
  const wrong = client(stranger.authority.trustBundle().join(''));
  const refused = new WorkloadCertificates({ identity: WEB, signer: wrong, runtime: w.runtime });
  t.after(() => refused.close());
  await refused.renew();
  assert.match(refused.status.fault ?? '', /UNAVAILABLE|DEADLINE_EXCEEDED/);
  assert.equal(seen.length, 2, 'the token went to nobody');
});

interface SecretStream {
  ask(name: string): void;
  next(): Promise<Uint8Array>;
  close(): void;
}

function message(name: string): DescMessage {
  return registry().getMessage(name) as DescMessage;
}

function openStream(path: string, runtime: Runtime): SecretStream {
  const channel = new GrpcJsChannel({ target: `unix:${path}`, clock: runtime.clock });
  const waiting: ((octets: Uint8Array) => void)[] = [];
  const came: Uint8Array[] = [];
  const call = channel.call('/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets', {
    onMessage: (octets) => {
      const take = waiting.shift();
      if (take === undefined) came.push(octets);
      else take(octets);
    },
    onEnd: () => undefined,
  });
  const Request = message('envoy.service.discovery.v3.DiscoveryRequest');
  return {
    ask: (name) =>
      void call.send(
        toBinary(
          Request,
          create(Request, {
            node: { id: 'proxy' },
            resourceNames: [name],
            typeUrl: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
          }),
        ),
      ),
    next: async () => {
      const octets = came.shift() ?? (await new Promise<Uint8Array>((resolve) => void waiting.push(resolve)));
      const response = decode(octets);
      // Acknowledged, so that the next one comes.
      call.send(
        toBinary(
          Request,
          create(Request, {
            resourceNames: [String((secretOf(octets) as { name: string }).name)],
            typeUrl: response.typeUrl,
            versionInfo: response.versionInfo,
            responseNonce: response.nonce,
          }),
        ),
      );
      return octets;
    },
    close: () => channel.close(),
  };
}

interface Response {
  readonly typeUrl: string;
  readonly versionInfo: string;
  readonly nonce: string;
  readonly resources: readonly { readonly value: Uint8Array }[];
}

function decode(octets: Uint8Array): Response {
  return fromBinary(message('envoy.service.discovery.v3.DiscoveryResponse'), octets) as unknown as Response;
}

interface Data {
  readonly specifier: { readonly value: Uint8Array };
}

interface SecretMessage {
  readonly name: string;
  readonly type: {
    readonly case: string;
    readonly value: { certificateChain?: Data; privateKey?: Data; trustedCa?: Data };
  };
}

function secretOf(octets: Uint8Array): object {
  const [resource] = decode(octets).resources;
  const Secret = message('envoy.extensions.transport_sockets.tls.v3.Secret');
  const { name, type } = fromBinary(Secret, resource?.value ?? Buffer.alloc(0)) as unknown as SecretMessage;
  const text = (data: Data | undefined): string => Buffer.from(data?.specifier.value ?? []).toString();
  return type.case === 'tlsCertificate'
    ? { name, case: type.case, chain: text(type.value.certificateChain), key: text(type.value.privateKey) }
    : { name, case: type.case, roots: text(type.value.trustedCa) };
}
