import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson } from '@bufbuild/protobuf';
import { DecodeContext, registry, sourceNamed } from '@weft/api-envoy';
import type { HeaderValueOption } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import { RequestHeaderMap, StreamInfo, socketAddress } from '@weft/core-http';
import { decodeHeaderMutation } from './header-mutations.decode.ts';
import { applyMutations } from './header-mutations.ts';

function mutate(add: object[], remove: string[], before: string[]): { after: string[]; faults: string[] } {
  const schema = registry().getMessage('envoy.config.core.v3.HeaderValueOption');
  assert.ok(schema);
  const cx = new DecodeContext(sourceNamed(''));
  const options = add.map((option) => fromJson(schema, option as never) as HeaderValueOption);
  const mutation = decodeHeaderMutation({ direction: 'request', add: options, remove }, cx);
  const requestHeaders = new RequestHeaderMap('GET', '/path', 'a.test', before);
  const peer = socketAddress('10.1.2.3', 5000);
  const downstream = { id: 7, localAddress: peer, directRemoteAddress: peer, tls: false, requestedServerName: '' };
  applyMutations([mutation], requestHeaders, {
    info: new StreamInfo(downstream, 0, 0),
    requestHeaders,
    responseHeaders: undefined,
  });
  return { after: requestHeaders.raw, faults: cx.faults.map(({ path, message }) => `${path}: ${message}`) };
}
const option = (key: string, value: string, more: object = {}) => ({ header: { key, value }, ...more });

test('each append action does what its name says', () => {
  const rows: [action: string, before: string[], after: string[]][] = [
    ['APPEND_IF_EXISTS_OR_ADD', ['x', '1'], ['x', '1', 'x', '2']],
    ['APPEND_IF_EXISTS_OR_ADD', [], ['x', '2']],
    ['ADD_IF_ABSENT', ['x', '1'], ['x', '1']],
    ['ADD_IF_ABSENT', [], ['x', '2']],
    ['OVERWRITE_IF_EXISTS_OR_ADD', ['x', '1', 'x', '1'], ['x', '2']],
    ['OVERWRITE_IF_EXISTS_OR_ADD', [], ['x', '2']],
    ['OVERWRITE_IF_EXISTS', ['x', '1'], ['x', '2']],
    ['OVERWRITE_IF_EXISTS', [], []],
  ];
  for (const [append_action, before, after] of rows) {
    assert.deepEqual(mutate([option('X', '2', { append_action })], [], [...before]).after, after, append_action);
    const withAnother = mutate([option('X', '2', { append_action }), option('y', '3')], [], [...before]).after;
    assert.deepEqual(withAnother, [...after, 'y', '3'], `${append_action} among others`);
  }
  assert.deepEqual(mutate([option('x', '2', { append: false })], [], ['x', '1']).after, ['x', '2']);
});

test('removing comes first, and an empty value is left out unless it is to be kept', () => {
  assert.deepEqual(mutate([option('x', 'new')], ['X'], ['x', 'old']).after, ['x', 'new']);
  assert.deepEqual(mutate([option('x', '%REQ(none)%')], [], []).after, []);
  assert.deepEqual(mutate([option('x', '', { keep_empty_value: true })], [], []).after, ['x', '']);
});

test('values can speak of the request, and all of one level see it as it was', () => {
  const rows: [format: string, value: string][] = [
    ['%DOWNSTREAM_REMOTE_ADDRESS%', '10.1.2.3:5000'],
    ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%', '10.1.2.3'],
    ['%PROTOCOL% 100%%', 'HTTP/1.1 100%'],
    ['%REQ(:path)% %REQ(NONE?:authority)%', '/path a.test'],
    ['%REQ(:authority):3%', 'a.t'],
  ];
  for (const [format, value] of rows)
    assert.deepEqual(mutate([option('x', format)], [], []).after, ['x', value], format);
  const both = [option('a', '2', { append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }), option('b', '%REQ(a)%')];
  assert.deepEqual(mutate(both, [], ['a', '1']).after, ['a', '2', 'b', '1']);
});

test('what cannot be changed, and what no command is, is refused with its path', () => {
  const { faults } = mutate(
    [option(':path', '/x'), option('Host', 'x'), option('x', '%NOPE%'), option('y', '5%')],
    [':method'],
    [],
  );
  assert.deepEqual(
    faults.map((fault) => fault.split(': ')[0]),
    [
      'request_headers_to_remove[0]',
      'request_headers_to_add[0].header.key',
      'request_headers_to_add[1].header.key',
      'request_headers_to_add[2].header.value',
      'request_headers_to_add[3].header.value',
    ],
  );
});
