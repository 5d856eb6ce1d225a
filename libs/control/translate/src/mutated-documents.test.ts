import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText, SupportCheck } from '@weft/api-kube';
import { parse, stringify } from 'yaml';
import { faultsOf, translate, translationSupport } from './index.ts';
import { readWorld } from './world.testing.ts';

const WORLD = `
workloads:
- { name: videos-1, service: videos, addresses: [10.0.1.1], ports: [{ name: http, port: 80 }], labels: { app: videos } }
- { name: redis-1, service: redis, addresses: [10.0.1.2], ports: [{ name: redis, port: 6379 }] }
proxies:
- { name: web, labels: { app: web } }
- { name: videos-1, labels: { app: videos } }
- { name: explicit, traffic: explicit, upstreams: [{ host: videos, port: 80, localPort: 9000 }] }
- { name: edge, role: gateway, labels: { app: edge } }
`;

const GATEWAY = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge }
spec:
  selector: { app: edge }
  servers:
  - { port: { number: 8080, name: http, protocol: HTTP }, hosts: [a.test], bind: 127.0.0.1 }
  - port: { number: 8443, name: https, protocol: HTTPS }
    hosts: [b.test]
    tls: { mode: SIMPLE, credentialName: c, minProtocolVersion: TLSV1_2, cipherSuites: [ECDHE-RSA-AES128-GCM-SHA256] }
  - port: { number: 8444, name: https2, protocol: HTTPS }
    hosts: [c.test]
    tls: { mode: MUTUAL, serverCertificate: /a, privateKey: /b, caCertificates: /c, subjectAltNames: [x] }
`;

/** Each uses much of what its kind has. */
const DOCUMENTS: readonly string[] = [
  GATEWAY,
  `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a }
spec:
  hosts: [videos]
  gateways: [mesh, edge]
  http:
  - match:
    - uri: { prefix: /a }
      scheme: { exact: http }
      method: { regex: "A|B" }
      headers: { x-a: { exact: b } }
      withoutHeaders: { x-b: { prefix: c } }
      queryParams: { q: { regex: d } }
    headers: { request: { set: { x-s: a, host: h }, add: { x-t: b }, remove: [x-u] }, response: { add: { y: b } } }
    timeout: 5s
    retries: { attempts: 2, perTryTimeout: 1s, retryOn: "5xx,503", backoff: 1s }
    rewrite: { uri: /b, authority: c.test }
    corsPolicy: { allowOrigins: [{ exact: a.test }, { regex: c }], allowMethods: [GET], maxAge: 1h }
    route:
    - { destination: { host: videos, port: { number: 80 } }, weight: 10, headers: { request: { set: { z: a } } } }
    - { destination: { host: redis }, weight: 20 }
  - match: [{ uri: { regex: /r } }]
    rewrite: { uriRegexRewrite: { match: "/(.*)", rewrite: "/\\\\1" } }
    route: [{ destination: { host: videos } }]
  - match: [{ uri: { exact: /s } }]
    redirect: { uri: /x, authority: d.test, port: 81, scheme: https, redirectCode: 302 }
  - directResponse: { status: 200, body: { string: hello } }
`,
  `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: a }
spec:
  host: videos
  trafficPolicy:
    connectionPool:
      tcp: { maxConnections: 1, connectTimeout: 1s, tcpKeepalive: { time: 10s } }
      http: { http1MaxPendingRequests: 1, http2MaxRequests: 2, maxRequestsPerConnection: 3, maxRetries: 4, idleTimeout: 5s }
    tls: { mode: MUTUAL, clientCertificate: /a, privateKey: /b, caCertificates: /c, sni: a.test, subjectAltNames: [a] }
  subsets: [{ name: s, labels: { app: videos } }]
`,
  `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: a }
spec:
  hosts: [entry.test]
  addresses: [10.9.9.9]
  ports:
  - { number: 8080, name: http, protocol: HTTP, targetPort: 8081 }
  - { number: 9090, name: tcp, protocol: TCP }
  - { number: 9443, name: tls, protocol: TLS }
  resolution: STATIC
  endpoints: [{ address: 10.0.3.1, ports: { http: 8082 }, labels: { a: b }, locality: r/z, weight: 3 }]
`,
  `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: a }
spec:
  action: DENY
  rules:
  - from: [{ source: { principals: [a/ns/b/sa/c], ipBlocks: [10.0.0.0/8], namespaces: [d] } }]
    to: [{ operation: { hosts: [g], ports: ["80"], methods: [GET], paths: [/h] } }]
    when: [{ key: "request.headers[x-a]", values: [i] }, { key: destination.ip, values: [10.2.0.0/16] }]
`,
  `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: a }
spec:
  parentRefs: [{ group: "", kind: Service, name: videos }]
  rules:
  - matches:
    - path: { type: PathPrefix, value: /a }
      headers: [{ name: x-a, type: RegularExpression, value: b }]
      queryParams: [{ name: q, value: c }]
    filters:
    - { type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x-s, value: a }], remove: [x-u] } }
    - { type: URLRewrite, urlRewrite: { hostname: b.test, path: { type: ReplacePrefixMatch, replacePrefixMatch: /z } } }
    timeouts: { request: 5s, backendRequest: 1s }
    retry: { attempts: 2, backoff: 1s, codes: [503] }
    backendRefs: [{ group: "", kind: Service, name: videos, port: 80, weight: 1 }]
`,
  `
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata: { name: videos.default.svc.cluster.local }
spec:
  routes: [{ name: r, condition: { method: GET, pathRegex: /a }, isRetryable: true, timeout: 1s }]
  retryBudget: { retryRatio: 0.2, minRetriesPerSecond: 10, ttl: 10s }
`,
];

/** What people and generators write by mistake. */
const VALUES: readonly unknown[] = [
  ...[-1, 0, 0.5, 15_001, 70_000, 4_294_967_296],
  ...[
    '',
    '%',
    '%FOO%',
    'a\nb',
    '*',
    '/{*}x',
    '1ns',
    '0s',
    '3000000h',
    '(',
    '\\9',
    ':path',
    'host',
    'A.TEST',
    '256.1.1.1',
  ],
  ...['x'.repeat(300), 'x'.repeat(20_000), '(a{900}|b{900})'.repeat(40), `unix:///${'x'.repeat(200)}`],
];

type Path = readonly (string | number)[];

function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, below]) =>
    leaves(below, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function changed(document: object, path: Path, value: unknown): object {
  const copy = structuredClone(document) as Record<string | number, unknown>;
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key] as typeof at;
  at[path.at(-1) as string] = value;
  return copy;
}

const support = new SupportCheck(translationSupport);

/** What proxies would refuse of what the documents become. */
function refused(text: string): string[] {
  const { snapshot, proxies } = readWorld(
    `${WORLD}\n---\n${text}\n---\n${text.includes('kind: Gateway') ? '' : GATEWAY}`,
  );
  return [...proxies.values()].flatMap((proxy) => {
    const { clusters, endpoints, listeners, routes } = translate(snapshot, proxy);
    const all = [...clusters, ...endpoints, ...listeners, ...routes];
    return all.flatMap((message) => faultsOf(message).map(({ path, message: fault }) => `${path} ${fault}`));
  });
}

for (const document of DOCUMENTS) {
  const written = parse(document) as { readonly kind: string; readonly spec: object };
  test(`a ${written.kind} with any one value wrong is refused, or becomes what proxies take`, () => {
    assert.deepEqual(refused(stringify(written)), []);
    const slipped: string[] = [];
    let taken = 0;
    for (const path of leaves(written.spec, ['spec']))
      for (const value of VALUES) {
        const text = stringify(changed(written, path, value));
        if (readText({ text, file: 'a.yaml', format: 'yaml' }, { support })[0]?.object === undefined) continue;
        taken += 1;
        const [fault] = refused(text);
        if (fault !== undefined) slipped.push(`${path.join('.')} = ${JSON.stringify(value).slice(0, 40)}: ${fault}`);
      }
    assert.deepEqual(slipped, []);
    assert.ok(taken > 0);
  });
}
