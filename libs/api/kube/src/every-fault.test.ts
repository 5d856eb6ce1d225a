import { formatFault } from '@weft/core-config-text';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from './read-text.ts';
import { SupportCheck } from './support.ts';

const support = new SupportCheck({
  'networking.istio.io/VirtualService': ['hosts', 'http.match.*', 'http.route.*', 'http.redirect.*'],
  'security.istio.io/AuthorizationPolicy': ['rules.*'],
});

function pathsOf(text: string): string[] {
  return readText({ text, file: 'x.yaml', format: 'yaml' }, { support }).flatMap(({ faults }) =>
    faults.map((fault) =>
      formatFault({ ...fault, file: '' })
        .replace(/^[\d:]+ /, '')
        .replace(/ \(.*/, ''),
    ),
  );
}

test('what the schema finds hides neither what the checks find nor what comes later', () => {
  const text = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: a}
spec:
  selectors: {}
  rules:
  - from:
    - source: {principal: [x], ipBlocks: [300.1.1.1]}
    to:
    - operation: {ports: [http, "99999"]}
    when:
    - {key: source.ipx, values: [a]}
`;
  assert.deepEqual(pathsOf(text), [
    'spec.selectors: unknown field "selectors"; did you mean "selector"?',
    'spec.rules[0].from[0].source.principal: unknown field "principal"; did you mean "principals"?',
    'spec.rules[0].from[0].source.ipBlocks[0]: "300.1.1.1" is no address',
    'spec.rules[0].to[0].operation.ports[0]: "http" is no port',
    'spec.rules[0].to[0].operation.ports[1]: "99999" is no port',
    'spec.rules[0].when[0].key: unknown key "source.ipx"',
  ]);
});

test('a fault of a check hides nothing that comes later', () => {
  const text = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a}
spec:
  hosts: [a]
  http:
  - match: [{uri: {regex: "("}}]
    fault: {abort: {httpStatus: 500}}
    route: [{destination: {host: a}}]
`;
  const [regex, fault, ...others] = pathsOf(text);
  assert.match(regex ?? '', /^spec\.http\[0\]\.match\[0\]\.uri\.regex: is no regular expression/);
  assert.match(fault ?? '', /^spec\.http\[0\]\.fault: the field "fault" comes with a later version/);
  assert.deepEqual(others, []);
});

test('of what cannot be read nothing is said twice, and of what only follows from it nothing at all', () => {
  const text = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a}
spec:
  hosts: [5, "a b"]
  http:
  - route: [{destination: {}}, {destination: {host: "c d"}, weight: heavy}]
  - rout: [{destination: {host: a}}]
  - redirect: 5
`;
  assert.deepEqual(pathsOf(text), [
    'spec.hosts[0]: is the number 5',
    'spec.http[0].route[0].destination: lacks the field "host"',
    'spec.http[0].route[1].weight: is the text "heavy"',
    'spec.http[1].rout: unknown field "rout"; did you mean "route"?',
    'spec.http[2].redirect: is the number 5',
    'spec.hosts[1]: "a b" is no host name',
    'spec.http[0].route[1].destination.host: "c d" is no host name',
  ]);
});
