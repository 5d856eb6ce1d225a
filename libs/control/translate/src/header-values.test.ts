import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from '@weft/api-kube';
import { configToJson, DecodeContext, sourceNamed } from '@weft/api-envoy';
import type { MeshProxy } from '@weft/control-mesh';
import { decodeHeaderFormat } from '@weft/model-policy';
import { translate } from './translate.ts';
import { readWorld } from './world.testing.ts';

/** What a document may write as a header's value: the faults of the schema's checks. */
function faultsOf(value: string): string[] {
  const text = JSON.stringify({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'a' },
    spec: {
      hosts: ['a'],
      http: [{ headers: { request: { set: { a: value } } }, route: [{ destination: { host: 'a' } }] }],
    },
  });
  return readText({ text, file: 'a.json', format: 'json' }).flatMap(({ faults }) =>
    faults.map(({ message }) => message),
  );
}

function decoderFaults(value: string): readonly { readonly expected?: string }[] {
  const cx = new DecodeContext(sourceNamed(''));
  decodeHeaderFormat(value, cx);
  return cx.faults;
}

test('documents may write the commands that proxies know in headers, all of them, and no others', () => {
  const listed = decoderFaults('%NOBODY%')[0]?.expected?.replace('one of REQ(), RESP(), ', '').split(', ') ?? [];
  assert.ok(listed.length > 40);
  for (const name of listed) assert.deepEqual(faultsOf(`%${name}%`), [], name);
  const values = [
    '%REQ(a)%',
    '%RESP(a?b):7%',
    '100%%',
    '%FOO%',
    '100%',
    '%REQ()%',
    '%REQ%',
    '%DOWNSTREAM_TLS%',
    '%PROTOCOL',
  ];
  for (const value of values) assert.equal(faultsOf(value).length > 0, decoderFaults(value).length > 0, value);
});

test('values of the Gateway API mean themselves: no command and no group is read in them', () => {
  const { snapshot, proxies } = readWorld(`
proxies: [{ name: web }]
---
apiVersion: v1
kind: Service
metadata: { name: a }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: a }
spec:
  parentRefs: [{ group: "", kind: Service, name: a }]
  rules:
  - filters:
    - type: RequestHeaderModifier
      requestHeaderModifier: { set: [{ name: x-a, value: "%PROTOCOL%" }], add: [{ name: x-b, value: "%a" }] }
    - type: URLRewrite
      urlRewrite: { path: { type: ReplaceFullPath, replaceFullPath: '/\\5' } }
    backendRefs: [{ name: a, port: 80 }]
`);
  const { routes } = translate(snapshot, proxies.get('web') as MeshProxy);
  const text = JSON.stringify(routes.map(configToJson));
  assert.ok(text.includes('"value":"%%PROTOCOL%%"') && text.includes('"value":"%%a"'));
  assert.ok(text.includes(String.raw`"substitution":"/\\\\5"`));
});
