import type { VirtualServiceHttpMatch, VirtualServiceSpec } from '@weft/api-kube';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delegatedRules } from './delegates.ts';
import type { MeshObject } from './object.ts';

function virtualService(name: string, spec: VirtualServiceSpec, namespace = 'default'): MeshObject<VirtualServiceSpec> {
  const ref = { group: 'networking.istio.io', kind: 'VirtualService', namespace, name };
  return { ref, createdAtMs: 0, labels: {}, annotations: {}, spec };
}

/** The matches of a rule that is delegated with one match to a rule with another; undefined: they contradict each other. */
function merged(
  root: VirtualServiceHttpMatch | undefined,
  leaf: VirtualServiceHttpMatch | undefined,
): readonly VirtualServiceHttpMatch[] | undefined {
  const rule = (match: VirtualServiceHttpMatch | undefined) => (match === undefined ? {} : { match: [match] });
  const outer = virtualService('root', { hosts: ['a.test'], http: [{ ...rule(root), delegate: { name: 'leaf' } }] });
  const inner = virtualService('leaf', { http: [{ ...rule(leaf), directResponse: { status: 200 } }] });
  const { http, faults } = delegatedRules(outer, () => inner);
  assert.equal(http.length + faults.length, 1);
  return http[0]?.rule.match;
}

test('a match of a delegate is joined with one of the root that takes in what it asks for', () => {
  const uri = { uri: { prefix: '/a' } };
  assert.deepEqual(merged(undefined, uri), [uri]);
  assert.deepEqual(merged(uri, undefined), [uri]);
  assert.deepEqual(merged(uri, { uri: { exact: '/a/b' } }), [{ uri: { exact: '/a/b' } }]);
  assert.deepEqual(merged(uri, { uri: { prefix: '/a/' }, port: 80 }), [{ uri: { prefix: '/a/' }, port: 80 }]);
  assert.deepEqual(merged({ headers: { a: { exact: 'x' } } }, { headers: { b: { exact: 'y' } } }), [
    { headers: { a: { exact: 'x' }, b: { exact: 'y' } } },
  ]);
  assert.deepEqual(merged({ name: 'r', method: { exact: 'GET' } }, { name: 'l', uri: { regex: '.*' } }), [
    { name: 'r-l', method: { exact: 'GET' }, uri: { regex: '.*' } },
  ]);
  assert.deepEqual(merged({ gateways: ['mesh', 'edge'] }, { gateways: ['edge'] }), [{ gateways: ['default/edge'] }]);
  assert.deepEqual(merged({ sourceLabels: { a: 'b' } }, { sourceLabels: { c: 'd' } }), [
    { sourceLabels: { a: 'b', c: 'd' } },
  ]);
});

test('what a root does not take in, or what nobody can tell, is a contradiction', () => {
  const pairs: readonly (readonly [VirtualServiceHttpMatch, VirtualServiceHttpMatch])[] = [
    [{ uri: { prefix: '/a/b' } }, { uri: { prefix: '/a' } }],
    [{ uri: { prefix: '/a' } }, { uri: { exact: '/b' } }],
    [{ uri: { exact: '/a' } }, { uri: { prefix: '/a' } }],
    [{ uri: { exact: '/a' } }, { uri: { exact: '/b' } }],
    [{ uri: { regex: '/a.*' } }, { uri: { exact: '/a' } }],
    [{ uri: { prefix: '/a' } }, { uri: { regex: '/a.*' } }],
    [{ headers: { a: { exact: 'x' } } }, { headers: { a: { exact: 'y' } } }],
    [{ uri: { prefix: '/a' }, ignoreUriCase: true }, { uri: { prefix: '/a' } }],
    [{ port: 80 }, { port: 81 }],
    [{ sourceNamespace: 'a' }, { port: 80 }],
    [{ sourceLabels: { a: 'b' } }, { sourceLabels: { a: 'c' } }],
    [{ gateways: ['edge'] }, { gateways: ['mesh'] }],
  ];
  for (const [root, leaf] of pairs) assert.equal(merged(root, leaf), undefined, JSON.stringify([root, leaf]));
});

test('a rule that delegates to who has hosts, or to nobody, is left out', () => {
  const root = virtualService('root', { hosts: ['a.test'], http: [{ delegate: { name: 'root' } }, { delegate: {} }] });
  const { http, faults } = delegatedRules(root, (_, name) => (name === 'root' ? root : undefined));
  assert.deepEqual(http, []);
  assert.deepEqual(
    faults.map(({ path, kind }) => [path, kind]),
    [
      ['spec.http[0].delegate', 'has-hosts'],
      ['spec.http[1].delegate', 'missing'],
    ],
  );
});
