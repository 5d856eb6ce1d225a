import { formatFault } from '@weft/core-config-text';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { positionIn, readText } from './read-text.ts';
import { SupportCheck } from './support.ts';

function faultsOf(text: string): string[] {
  return readText({ text, file: 'x.yaml', format: 'yaml' }).flatMap(({ faults }) => faults.map(formatFault));
}

const RETRIES = `apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata:
  name: videos-api
spec:
  hosts:
  - videos-api
  http:
  - route:
    - destination:
        host: videos-api
    retries:
      attempts: 10
      perTryTimeout: 2s
`;

describe('a document', () => {
  it('becomes an object in the default namespace', () => {
    const [read] = readText({ text: RETRIES, file: 'x.yaml', format: 'yaml' });
    assert.deepEqual(read?.faults, []);
    assert.deepEqual(read?.identity, {
      group: 'networking.istio.io',
      kind: 'VirtualService',
      namespace: 'default',
      name: 'videos-api',
    });
    assert.equal(read?.object?.version, 'v1alpha3');
    assert.deepEqual(read?.object?.spec, {
      hosts: ['videos-api'],
      http: [{ route: [{ destination: { host: 'videos-api' } }], retries: { attempts: 10, perTryTimeout: '2s' } }],
    });
  });

  it('tells every fault with its place and what may be meant', () => {
    const text = RETRIES.replace('attempts: 10', 'atempts: 10').replace('2s', '2').replace('- videos-api', '- "*.*"');
    assert.deepEqual(faultsOf(text), [
      'x.yaml:13:7: spec.http[0].retries.atempts: unknown field "atempts"; did you mean "attempts"?',
      'x.yaml:14:22: spec.http[0].retries.perTryTimeout: is the number 2 (expected a duration); did you mean "2s"?',
      'x.yaml:7:5: spec.hosts[0]: "*.*" is no host name (expected "*" only as the whole first label, as in "*.example.com")',
    ]);
  });

  it('is told which apiVersion its kind has, and which kinds its apiVersion has', () => {
    assert.deepEqual(faultsOf('kind: VirtualService\nmetadata: {name: x}'), [
      'x.yaml:1:1: lacks the field "apiVersion" (expected apiVersion: networking.istio.io/v1)',
    ]);
    assert.match(
      faultsOf('kind: Gateway\nmetadata: {name: x}')[0] ?? '',
      /networking.istio.io\/v1 or gateway.networking.k8s.io\/v1\)$/,
    );
    assert.match(faultsOf('apiVersion: security.istio.io/v1\nmetadata: {name: x}')[0] ?? '', /AuthorizationPolicy/);
  });

  it('is refused if it is of an unknown kind, version or group, with the right one', () => {
    assert.match(
      faultsOf('apiVersion: networking.istio.io/v1\nkind: VirtualServce\nmetadata: {name: x}')[0] ?? '',
      /did you mean "VirtualService"/,
    );
    assert.match(
      faultsOf('apiVersion: networking.istio.io/v2\nkind: VirtualService\nmetadata: {name: x}')[0] ?? '',
      /expected one of networking.istio.io\/v1,/,
    );
    assert.match(
      faultsOf('apiVersion: v1\nkind: HTTPRoute\nmetadata: {name: x}')[0] ?? '',
      /did you mean "gateway.networking.k8s.io\/v1"/,
    );
  });

  it('says in words which of several fields may be set', () => {
    const text = RETRIES.replace('  - route:', '  - match:\n    - uri: {exact: /a, prefix: /b}\n    route:');
    assert.deepEqual(faultsOf(text), [
      'x.yaml:10:7: spec.http[0].match[0].uri: has exact and prefix (expected only one of exact, prefix or regex)',
    ]);
  });

  it('keeps the rules of its definition', () => {
    const route = (backend: string): string => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{name: gw}]
  rules:
  - backendRefs: [${backend}]
`;
    assert.deepEqual(faultsOf(route('{name: a, port: 80}')), []);
    assert.match(
      faultsOf(route('{name: a}'))[0] ?? '',
      /x.yaml:7:\d+: spec.rules\[0\].backendRefs\[0\]: must have port for Service reference/,
    );
  });

  it('has the defaults of its definition', () => {
    const text =
      'apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\nspec: {rules: [{backendRefs: [{name: a, port: 80}]}]}';
    const [read] = readText({ text, file: 'x.yaml', format: 'yaml' });
    const { rules } = read?.object?.spec as { rules: readonly { matches: unknown; backendRefs: unknown }[] };
    assert.deepEqual(rules[0]?.matches, [{ path: { type: 'PathPrefix', value: '/' } }]);
    assert.deepEqual(rules[0]?.backendRefs, [{ group: '', kind: 'Service', name: 'a', port: 80, weight: 1 }]);
  });

  it('may be one of many, in one text or in a List', () => {
    const many = readText({
      text: `# nothing\n---\n${RETRIES}---\n${RETRIES.replace('name: v', 'name: w')}`,
      file: 'x',
      format: 'yaml',
    });
    assert.deepEqual(
      many.map(({ position, identity }) => [position.line, identity?.name]),
      [
        [3, 'videos-api'],
        [18, 'wideos-api'],
      ],
    );
    const list = `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"ports":[{"port":"80"}]}}]}`;
    const [read] = readText({ text: list, file: 'x.json', format: 'json' });
    assert.equal(read?.faults[0]?.path, 'items[0].spec.ports[0].port');
  });

  it('knows where each of its fields stands', () => {
    const source = { text: RETRIES, file: 'x.yaml', format: 'yaml', line: 5 } as const;
    assert.deepEqual(positionIn(source, 0, 'spec.http[0].retries'), { line: 16, column: 5 });
    assert.deepEqual(positionIn(source, 0, 'spec.http[0].retries.retryOn'), { line: 16, column: 5 });
    assert.deepEqual(positionIn(source, 0, 'spec.http[0].retries.attempts'), { line: 17, column: 17 });
  });
});

it('a secret is not repeated in what is wrong with it', () => {
  const text =
    'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: 12345, b: "hunter2!"}\nstringData: {c: 4711, d: [x]}';
  const faults = faultsOf(text);
  assert.equal(faults.length, 4);
  for (const fault of faults) assert.doesNotMatch(fault, /12345|hunter2|4711/);
});

it('any text is read without an exception', () => {
  const words = [
    'spec',
    'http',
    'match',
    'uri',
    '- ',
    ': ',
    '{',
    '}',
    '[',
    ']',
    '\n',
    '  ',
    'null',
    '1',
    '"',
    'host',
    'route',
    '&a',
    '*a',
    '!!str',
    '---',
  ];
  let seed = 7;
  const draw = (n: number): number => (seed = (seed * 48271) % 2147483647) % n;
  for (let i = 0; i < 3000; i += 1) {
    const at = draw(RETRIES.length);
    const cut = draw(4) === 0 ? draw(30) : 0;
    const text = RETRIES.slice(0, at) + (words[draw(words.length)] ?? '') + RETRIES.slice(at + cut);
    for (const { faults } of readText({ text, file: 'x.yaml', format: 'yaml' }))
      for (const fault of faults) formatFault(fault);
  }
});

describe('what Weft does not have yet', () => {
  const support = new SupportCheck({
    'networking.istio.io/VirtualService': ['hosts', 'http.route.*', 'http.retries.attempts=1|10'],
  });
  const check = (text: string): string[] =>
    readText({ text, file: 'x.yaml', format: 'yaml' }, { support }).flatMap(({ faults }) => faults.map(formatFault));

  it('is refused by name', () => {
    assert.deepEqual(check(RETRIES), [
      'x.yaml:14:7: spec.http[0].retries.perTryTimeout: the field "perTryTimeout" comes with a later version of Weft',
    ]);
  });

  it('may be a value, or a whole kind', () => {
    const text = RETRIES.replace('      perTryTimeout: 2s\n', '');
    assert.deepEqual(check(text), []);
    assert.match(
      check(text.replace('10', '3'))[0] ?? '',
      /the value 3 comes with a later version of Weft \(expected 1, 10\)/,
    );
    assert.match(
      check('apiVersion: v1\nkind: Namespace\nmetadata: {name: a}')[0] ?? '',
      /Namespace comes with a later version/,
    );
  });
});
