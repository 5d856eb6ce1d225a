import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ResponseHeaderMap } from '@weft/core-http';
import { STOP } from '@weft/proxy-filter-api';
import { world } from './testing.ts';

const GET = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

describe('the connection manager', () => {
  it('answers with its own server name and a date, in the place where the upstream had them', () => {
    const { send, stat, logged } = world();
    assert.equal(
      send(GET),
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nserver: envoy\r\ndate: Tue, 14 Nov 2023 22:13:20 GMT\r\n\r\nok',
    );
    assert.deepEqual(
      [stat('downstream_rq_total'), stat('downstream_rq_2xx'), stat('downstream_rq_completed')],
      [1, 1, 1],
    );
    assert.deepEqual(logged, ['200 ']);
  });

  it('serves pipelined requests in order on one connection', () => {
    const { send, stat } = world();
    assert.equal(send(GET + GET).match(/200 OK/g)?.length, 2);
    assert.deepEqual([stat('downstream_cx_total'), stat('downstream_rq_total')], [1, 2]);
  });

  it('gives a request an id, keeps one that it has, and passes on its scheme', () => {
    const { send, streams } = world();
    send(GET);
    send('GET / HTTP/1.1\r\nhost: a\r\nx-request-id: mine\r\n\r\n');
    assert.match(
      streams[0]?.requestHeaders.get('x-request-id') ?? '',
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    assert.equal(streams[1]?.requestHeaders.get('x-request-id'), 'mine');
    assert.equal(streams[0]?.requestHeaders.get('x-forwarded-proto'), 'http');
  });

  it('at the edge appends the peer to x-forwarded-for and takes what only the inside may say', () => {
    const { send, streams } = world({ useRemoteAddress: true });
    send(
      'GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 1.2.3.4\r\nx-envoy-retry-on: 5xx\r\nx-envoy-external-address: 9.9.9.9\r\n' +
        'x-envoy-downstream-service-cluster: theirs\r\nx-request-id: theirs\r\n\r\n',
    );
    const headers = streams[0]?.requestHeaders;
    assert.equal(headers?.get('x-forwarded-for'), '1.2.3.4,10.0.0.9');
    assert.equal(headers?.get('x-envoy-external-address'), '10.0.0.9');
    assert.equal(headers?.get('x-envoy-downstream-service-cluster'), undefined);
    assert.equal(headers?.get('x-envoy-retry-on'), undefined);
    assert.notEqual(headers?.get('x-request-id'), 'theirs');
    assert.equal(streams[0]?.info.remoteAddress.ip, '10.0.0.9');
  });

  it('as a sidecar believes the last address of x-forwarded-for', () => {
    const { send, streams } = world();
    send('GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 1.2.3.4, 5.6.7.8\r\n\r\n');
    assert.equal(streams[0]?.info.remoteAddress.ip, '5.6.7.8');
  });

  it('as a sidecar takes what only the inside may say, and leaves what the proxy before it said', () => {
    const { send, streams } = world();
    send(
      'GET / HTTP/1.1\r\nhost: a\r\nx-envoy-upstream-rq-timeout-ms: 1\r\nx-envoy-internal: true\r\n' +
        'x-envoy-original-path: /a\r\nx-envoy-downstream-service-cluster: front\r\n\r\n',
    );
    const headers = streams[0]?.requestHeaders;
    assert.equal(headers?.get('x-envoy-upstream-rq-timeout-ms'), undefined);
    assert.equal(headers?.get('x-envoy-internal'), undefined);
    assert.equal(headers?.get('x-envoy-original-path'), '/a');
    assert.equal(headers?.get('x-envoy-downstream-service-cluster'), 'front');
  });

  it('removes headers of the hop, and those that Connection names', () => {
    const { send, streams } = world();
    send(
      'GET / HTTP/1.1\r\nhost: a\r\nconnection: keep-alive, x-mine\r\nkeep-alive: 1\r\nx-mine: 1\r\nte: gzip\r\nx-kept: 1\r\n\r\n',
    );
    const names = [...(streams[0]?.requestHeaders ?? [])].map(([name]) => name);
    assert.deepEqual(
      names.filter((name) => !name.startsWith('x-f') && !name.startsWith('x-r')),
      ['x-kept'],
    );
  });

  it('says 100 to a client that waits for it, before the body', () => {
    const { send } = world();
    assert.match(
      send('POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n'),
      /^HTTP\/1\.1 100 Continue\r\n\r\n$/,
    );
    assert.match(send('x'), /^HTTP\/1\.1 200 OK/);
  });

  it('refuses an upgrade that nobody allowed', () => {
    const { send, stat } = world();
    assert.match(
      send('GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'),
      /^HTTP\/1\.1 403 Forbidden/,
    );
    assert.equal(stat('downstream_rq_ws_on_non_ws_route'), 1);
  });

  it('answers 408 when a request makes no progress for the idle timeout', () => {
    const { send, runtime, transport, logged, stat } = world({ streamIdleTimeoutMs: 5000 });
    send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n');
    runtime.clock.advance(3000);
    send('abc');
    runtime.clock.advance(4000);
    assert.equal(transport.take(), '');
    runtime.clock.advance(2000);
    assert.match(transport.take(), /^HTTP\/1\.1 408 Request Timeout[^]*stream timeout$/);
    assert.deepEqual(logged, ['408 stream_idle_timeout']);
    assert.equal(stat('downstream_rq_idle_timeout'), 1);
  });

  it('closes a connection that has been idle for long enough, and no sooner', () => {
    const { send, runtime, transport, stat } = world({ idleTimeoutMs: 10_000 });
    send(GET);
    runtime.clock.advance(9000);
    send(GET);
    runtime.clock.advance(9000);
    assert.equal(transport.closed, false);
    runtime.clock.advance(2000);
    assert.equal(transport.closed, true);
    assert.equal(stat('downstream_cx_idle_timeout'), 1);
  });

  it('closes after the last allowed request', () => {
    const { send, transport, stat } = world({ maxRequestsPerConnection: 2 });
    assert.doesNotMatch(send(GET), /connection: close/);
    assert.match(send(GET), /connection: close/);
    assert.equal(transport.closed, true);
    assert.equal(stat('downstream_cx_max_requests_reached'), 1);
  });

  it('draining closes idle connections at once and busy ones with their response', () => {
    const idle = world();
    idle.send(GET);
    idle.handler.drain();
    assert.equal(idle.transport.closed, true);
    const busy = world();
    busy.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\n');
    busy.handler.drain();
    assert.equal(busy.transport.closed, false);
    assert.match(busy.send('x'), /200 OK[^]*connection: close/);
    assert.equal(busy.transport.closed, true);
  });

  it('tells the filters, the log and the stats when the client goes away', () => {
    let destroyed = 0;
    const { send, handler, stat, logged } = world({}, () => ({
      onRequestHeaders: () => STOP,
      onDestroy: () => (destroyed += 1),
    }));
    send(GET);
    handler.onClose({ by: 'remote' });
    assert.equal(destroyed, 1);
    assert.deepEqual(logged, ['0 downstream_remote_disconnect']);
    assert.equal(stat('downstream_rq_rx_reset'), 1);
    assert.equal(stat('downstream_cx_destroy_remote_active_rq'), 1);
  });

  it('counts a connection that the client ended as closed by it', () => {
    const { send, handler, stat } = world();
    send(GET);
    handler.onEnd();
    handler.onClose({ by: 'local' });
    assert.deepEqual([stat('downstream_cx_destroy_remote'), stat('downstream_cx_destroy_local')], [1, 0]);
  });

  it('answers a broken request by itself and closes', () => {
    const { send, transport, stat } = world();
    assert.match(
      send('GET / HTTP/1.1\r\nhost : a\r\n\r\n'),
      /^HTTP\/1\.1 400 Bad Request\r\n[^]*server: envoy\r\n[^]*connection: close/,
    );
    assert.equal(transport.closed, true);
    assert.equal(stat('downstream_cx_protocol_error'), 1);
  });

  it('turns a local reply into a gRPC status for a gRPC client', () => {
    const { send } = world({}, (stream) => ({
      onRequestHeaders: () => (stream.reply({ status: 503, body: 'no healthy upstream', details: 'x' }), STOP),
    }));
    const text = send('POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc\r\ncontent-length: 0\r\n\r\n');
    assert.match(
      text,
      /^HTTP\/1\.1 200 OK\r\ncontent-type: application\/grpc\r\ngrpc-status: 14\r\ngrpc-message: no healthy upstream\r\n/,
    );
  });

  it('counts and logs a request whose head it refuses', () => {
    const { send, stat, logged } = world();
    send('GET / HTTP/1.1\r\nhost: x\r\nbad : 1\r\n\r\n');
    assert.deepEqual(logged, ['400 http1.codec_error']);
    assert.equal(stat('downstream_rq_4xx'), 1);
  });

  it('answers a CONNECT for which there is no route with 404', () => {
    const { send, logged } = world();
    send('CONNECT x:443 HTTP/1.1\r\nhost: x:443\r\n\r\n');
    assert.deepEqual(logged, ['404 route_not_found']);
  });

  it('keeps a 100 of the upstream to itself, unless it is told to pass it on', () => {
    const hundred = (proxy100Continue: boolean): string => {
      const { send, streams, transport } = world({ proxy100Continue }, () => ({}));
      send('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
      streams[0]?.sendInformational(new ResponseHeaderMap(100));
      return transport.take();
    };
    assert.equal(hundred(false), '');
    assert.match(hundred(true), /^HTTP\/1\.1 100 Continue/);
  });
});
