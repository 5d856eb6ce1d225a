import { formatFault } from '@weft/core-config-text';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { positionIn, readText, type KubeText } from './read-text.ts';
import { SupportCheck } from './support.ts';
import type { ConfigMapSpec } from './types/index.ts';

const source = (mesh: string, name = 'istio'): KubeText => ({
  file: 'mesh.yaml',
  format: 'yaml',
  text: `apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, namespace: istio-system}
data:
  mesh: ${mesh}
`,
});
const faults = (text: KubeText): string[] => readText(text).flatMap((one) => one.faults.map(formatFault));
const provider = (fields: string): KubeText =>
  source(`|-
    extensionProviders:
    - name: asked
      envoyExtAuthzHttp:
        service: authz.default.svc.cluster.local
        port: 8000
${fields.replaceAll(/^/gm, '        ')}`);

describe('the MeshConfig in a ConfigMap', () => {
  it('is read as if its text stood in the document', () => {
    const text = provider('timeout: 1.5s');
    const [read] = readText(text);
    assert.deepEqual(read?.faults, []);
    assert.deepEqual((read?.object?.spec as ConfigMapSpec).data?.mesh?.extensionProviders, [
      {
        name: 'asked',
        envoyExtAuthzHttp: { service: 'authz.default.svc.cluster.local', port: 8000, timeout: '1.5s' },
      },
    ]);
    const path = 'data.mesh.extensionProviders[0].envoyExtAuthzHttp.port';
    assert.deepEqual(positionIn(text, 0, path), { line: 10, column: 15 });
  });

  it('has each fault at its line and column, with what may be meant', () => {
    assert.deepEqual(
      [
        ...faults(provider('failOpenn: true')),
        ...faults(provider('statusOnError: "600"')),
        ...faults(provider('timeout: 10')),
        ...faults(provider('headersToUpstreamOnAllow: ["*"]')),
        ...faults(source('|\n\n    accessLogFil: /dev/stdout')),
      ],
      [
        'mesh.yaml:11:9: data.mesh.extensionProviders[0].envoyExtAuthzHttp.failOpenn: unknown field "failOpenn"; did you mean "failOpen"?',
        'mesh.yaml:11:24: data.mesh.extensionProviders[0].envoyExtAuthzHttp.statusOnError: "600" is no status (expected a status code such as "503")',
        'mesh.yaml:11:18: data.mesh.extensionProviders[0].envoyExtAuthzHttp.timeout: is the number 10 (expected a duration); did you mean "10s"?',
        'mesh.yaml:11:36: data.mesh.extensionProviders[0].envoyExtAuthzHttp.headersToUpstreamOnAllow[0]: "*" is no name of headers (expected a name, or the beginning or end of one: x-*)',
        'mesh.yaml:7:5: data.mesh.accessLogFil: unknown field "accessLogFil"; did you mean "accessLogFile"?',
      ],
    );
  });

  it('is found wrong where its text cannot be read, or is no literal block', () => {
    assert.match(faults(source('|\n    a: [b'))[0] ?? '', /^mesh\.yaml:\d+:\d+: data\.mesh: is not valid YAML/);
    assert.match(faults(source('"accessLogFil: x"'))[0] ?? '', /^mesh\.yaml:5:9: data\.mesh\.accessLogFil: unknown/);
    assert.match(faults(source('|\n    a: b\n    ---\n    c: d')).join('\n'), /holds a second document/);
  });

  it('names providers once, and each as one thing', () => {
    const twice = source(`|
    defaultProviders: {tracing: [spans]}
    extensionProviders:
    - {name: a, zipkin: {service: z, port: 70000}}
    - {name: a}
    - {zipkin: {service: "*.z", port: 1}, envoyExtAuthzGrpc: {port: 1}}`);
    assert.deepEqual(
      faults(twice).map((fault) => fault.replace(/^mesh.yaml:\d+:\d+: data\.mesh\.(extensionProviders)?/, '')),
      [
        '[0].zipkin.port: 70000 is no port (expected 1 to 65535)',
        '[1].name: "a" is the name of another provider',
        '[1]: says not what it is (expected envoyExtAuthzHttp, envoyExtAuthzGrpc …)',
        '[2]: has no name (expected a name, which policies use)',
        '[2]: has zipkin and envoyExtAuthzGrpc (expected only one of them)',
        '[2].zipkin.service: "*.z" is no service (expected HOST or NAMESPACE/HOST)',
        '[2].envoyExtAuthzGrpc: names no service (expected service: HOST or NAMESPACE/HOST)',
        'defaultProviders.tracing[0]: there is no provider "spans" (expected a name of extensionProviders)',
      ],
    );
  });

  it('is refused by name where it asks for what is not implemented', () => {
    const support = new SupportCheck({ '/ConfigMap': ['mesh.accessLogFile'] });
    const [read] = readText(source('|\n    accessLogFile: /dev/stdout\n    meshMTLS: {minProtocolVersion: TLSV1_3}'), {
      support,
    });
    assert.deepEqual(read?.faults.map(formatFault), [
      'mesh.yaml:7:5: data.mesh.meshMTLS: the field "meshMTLS" comes with a later version of Weft',
    ]);
  });

  it('is no affair of ConfigMaps of other names', () => {
    assert.deepEqual(
      readText(source('x', 'settings')).map(({ foreign, object }) => [foreign, object]),
      [[true, undefined]],
    );
  });
});

describe('a CUSTOM policy', () => {
  const policy = (spec: string): KubeText => ({
    file: 'p.yaml',
    format: 'yaml',
    text: `{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a}, spec: {action: CUSTOM, ${spec}}}`,
  });

  it('says whom to ask, about what, and not by who calls', () => {
    assert.deepEqual(
      [
        'rules: [{}]',
        'provider: {name: x}',
        'provider: {name: x}, rules: [{from: [{source: {principals: [a], ipBlocks: [10.0.0.1]}}]}]',
        'provider: {name: x}, rules: [{when: [{key: source.principal, values: [a]}]}]',
      ].map((spec) => faults(policy(spec)).map((fault) => fault.replace(/^\S+ /, ''))),
      [
        ['spec: is CUSTOM and names no provider (expected provider with a name)'],
        ['spec: is CUSTOM and has no rules, so nobody is ever asked (expected rules; "rules: [{}]" is all)'],
        [
          'spec.rules[0].from[0].source.principals: "principals" cannot be told by a CUSTOM rule (expected ipBlocks or remoteIpBlocks, or an ALLOW or DENY policy for the callers)',
        ],
        ['spec.rules[0].when[0].key: "source.principal" cannot be told by a CUSTOM rule'],
      ],
    );
  });
});
