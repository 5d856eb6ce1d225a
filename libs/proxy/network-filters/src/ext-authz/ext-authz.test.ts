import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GRPC_STATUS, type GrpcCall, type GrpcReceiver } from '@weft/core-grpc';
import { ResponseFlag } from '@weft/core-http';
import { CONTINUE, STOP, type FilteredConnection } from '@weft/proxy-filter-api';
import { filteredConnection, filterWorld, LISTENER, mustDecode } from '../world.testing.ts';
import { extAuthzFactory } from './ext-authz.ts';

const GRPC = 'stat_prefix: s, grpc_service: {envoy_grpc: {cluster_name: authz}}';

/** Octets of a CheckResponse with `status.code` 7. */
const DENIED = Uint8Array.from([0x0a, 2, 0x08, 7]);

function asked(yaml: string) {
  const world = filterWorld();
  const calls: { readonly receiver: GrpcReceiver; cancelled: boolean }[] = [];
  const server = {
    ...world.server,
    grpcChannel: () => ({
      call(_path: string, receiver: GrpcReceiver): GrpcCall {
        const call = { receiver, cancelled: false };
        calls.push(call);
        return { send: () => true, end: () => undefined, cancel: () => (call.cancelled = true) };
      },
      close: () => undefined,
    }),
  };
  let continued = 0;
  const connection = filteredConnection();
  const watched: FilteredConnection = { ...connection, continueReading: () => (continued += 1) };
  const filter = extAuthzFactory.prepare(mustDecode(extAuthzFactory, yaml), server, LISTENER).create(watched);
  const answer = (octets: Uint8Array, code: number = GRPC_STATUS.OK): void => {
    calls[0]?.receiver.onMessage(octets);
    calls[0]?.receiver.onEnd({ code, message: '' });
  };
  return {
    ...world,
    filter,
    connection: watched,
    closed: connection.closed,
    calls,
    answer,
    continued: () => continued,
  };
}

test('the first bytes of a connection wait for an answer', () => {
  const { filter, calls, answer, continued, connection, value } = asked(`{${GRPC}}`);
  assert.equal(filter.onData?.(Buffer.from('x'), false), STOP);
  assert.equal(filter.onData?.(Buffer.from('y'), false), STOP);
  assert.equal(calls.length, 1);
  answer(new Uint8Array());
  assert.equal(continued(), 1);
  assert.equal(filter.onData?.(Buffer.from('z'), false), CONTINUE);
  assert.deepEqual(connection.info.metadata?.get('envoy.filters.network.ext_authz'), { ext_authz_duration: 0 });
  assert.deepEqual([value('ext_authz.s.total'), value('ext_authz.s.ok')], [1, 1]);
});

test('a connection that is denied is closed, and logs say why', () => {
  const { filter, answer, closed, connection, value } = asked(`{${GRPC}}`);
  filter.onData?.(Buffer.from('x'), false);
  answer(DENIED);
  assert.equal(closed.length, 1);
  assert.deepEqual(connection.info.refusal, {
    flags: ResponseFlag.UnauthorizedExternalService,
    details: 'ext_authz_denied',
  });
  assert.deepEqual([value('ext_authz.s.denied'), value('ext_authz.s.cx_closed')], [1, 1]);
});

test('without an answer a connection is closed, or goes on where that is configured', () => {
  const closing = asked(`{${GRPC}}`);
  closing.filter.onData?.(Buffer.from('x'), false);
  closing.answer(new Uint8Array(), GRPC_STATUS.UNAVAILABLE);
  assert.equal(closing.connection.info.refusal?.details, 'ext_authz_error');
  const open = asked(`{failure_mode_allow: true, ${GRPC}}`);
  open.filter.onData?.(Buffer.from('x'), false);
  open.answer(new Uint8Array(), GRPC_STATUS.UNAVAILABLE);
  assert.equal(open.continued(), 1);
  assert.deepEqual([open.value('ext_authz.s.error'), open.value('ext_authz.s.failure_mode_allowed')], [1, 1]);
});

test('only connections that filters before it noted something of are asked about', () => {
  const { filter, calls, value } = asked(`{${GRPC}, filter_enabled_metadata: {filter: envoy.filters.network.rbac,
    path: [{key: istio_ext_authz_shadow_effective_policy_id}], value: {string_match: {prefix: istio-ext-authz}}}}`);
  assert.equal(filter.onData?.(Buffer.from('x'), false), CONTINUE);
  assert.equal(calls.length, 0);
  assert.equal(value('ext_authz.s.disabled'), 1);
});

test('a client that leaves takes its question back', () => {
  const { filter, calls, value } = asked(`{${GRPC}}`);
  filter.onData?.(Buffer.from('x'), false);
  filter.onClose?.({ by: 'remote' });
  assert.equal(calls[0]?.cancelled, true);
  assert.equal(value('ext_authz.s.active'), 0);
});
