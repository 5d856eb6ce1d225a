import { turnWrites } from '@weft/core-bytes';
import { ResponseHeaderMap, socketAddress } from '@weft/core-http';
import {
  STOP,
  type FilterStream,
  type HttpFilter,
  type LoadShedPoint,
  type OverloadState,
} from '@weft/proxy-filter-api';
import { Http2ClientCodec, http2ClientSettings } from '@weft/net-h2';
import { RecordingReceiver } from '@weft/core-http/testing';
import { RecordingTransport } from '@weft/core-bytes/testing';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findLocalIp, isLoopback } from './local-ip.ts';
import { ok, world } from './testing.ts';

const GET = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

function refuse(status: number): (stream: FilterStream) => HttpFilter {
  return (stream) => ({
    onRequestHeaders: () => {
      stream.reply({ status, body: '', details: 'test' });
      return STOP;
    },
  });
}

/** A process that is loaded as `changes` say; every draw falls on the side of shedding. */
function overload(changes: Partial<OverloadState>): OverloadState {
  return {
    stopAcceptingConnections: false,
    rejectIncomingConnections: 0,
    stopAcceptingRequests: 0,
    disableHttpKeepalive: 0,
    draw: (share) => share > 0,
    timeoutMs: (_timer, ms) => ms,
    shed: () => false,
    admitConnection: () => true,
    releaseConnection: () => undefined,
    onChange: () => () => undefined,
    ...changes,
  };
}

describe('a connection', () => {
  it('ends with a bad request in HTTP/1, unless bad requests end their stream only', () => {
    const server = world({}, refuse(400));
    assert.match(server.send(GET), /connection: close/);
    assert.equal(server.transport.closed, true);
    const forgiving = world({ http1: { streamErrorOnInvalidHttpMessage: true } }, refuse(400));
    assert.doesNotMatch(forgiving.send(GET), /connection: close/);
    assert.equal(forgiving.transport.closed, false);
    const other = world({}, refuse(403));
    other.send(GET);
    assert.equal(other.transport.closed, false);
  });

  it('ends when a head does not: 408', () => {
    const server = world({ requestHeadersTimeoutMs: 1000 });
    server.send('GET / HTTP/1.1\r\n');
    server.runtime.clock.advance(999);
    assert.equal(server.transport.closed, false);
    server.runtime.clock.advance(1);
    assert.match(server.transport.take(), /^HTTP\/1\.1 408 /);
    assert.equal(server.transport.closed, true);
    assert.equal(server.stat('downstream_rq_header_timeout'), 1);
    assert.deepEqual(server.logged, ['408 request_header_timeout']);
  });

  it('is not hurried between requests, nor in a body', () => {
    const server = world({ requestHeadersTimeoutMs: 1000 });
    server.runtime.clock.advance(5000);
    server.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab');
    server.runtime.clock.advance(5000);
    assert.match(server.send('cd'), /^HTTP\/1\.1 200 /);
    server.runtime.clock.advance(5000);
    assert.match(server.send(GET), /^HTTP\/1\.1 200 /);
  });

  it('goes on in HTTP/2 where its client asks for it, with the request that asked', () => {
    const server = world();
    const ask =
      'GET /up HTTP/1.1\r\nhost: a\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n';
    server.handler.onData(Buffer.from(ask));
    turnWrites.flush();
    const answer = server.transport.take();
    const head = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n';
    assert.ok(answer.startsWith(head), answer);
    assert.equal(server.streams[0]?.requestHeaders.path, '/up');
    assert.equal(server.streams[0]?.info.protocol, 'HTTP/2');
    assert.deepEqual([server.stat('downstream_cx_http1_active'), server.stat('downstream_cx_http2_active')], [0, 1]);
    // The client goes on with its preface; stream 1 is taken, so its own begin at 3.
    const transport = new RecordingTransport();
    const nothing = { onStreamEnd() {}, onMaxConcurrentStreams() {}, onGoAway() {}, onProtocolError() {} };
    const client = new Http2ClientCodec(transport, nothing, http2ClientSettings());
    const first = new RecordingReceiver<ResponseHeaderMap>();
    client.newStream(first);
    turnWrites.flush();
    server.handler.onData(Buffer.from(transport.take(), 'latin1'));
    assert.deepEqual(server.logged, ['200 ']);
    assert.equal(server.transport.closed, false);
  });

  it('stays with HTTP/1 where the listener speaks nothing else, or TLS', () => {
    const ask =
      'GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n';
    assert.match(world({ codecType: 'HTTP1' }).send(ask), /^HTTP\/1\.1 200 /);
    assert.match(world({}, ok, { connection: { tls: true } }).send(ask), /^HTTP\/1\.1 200 /);
  });
});

describe('an overloaded proxy', () => {
  it('answers 503 to requests that it does not take', () => {
    const server = world({}, ok, { overload: overload({ stopAcceptingRequests: 1 }) });
    assert.match(server.send(GET), /^HTTP\/1\.1 503 .*envoy overloaded$/s);
    assert.equal(server.stat('downstream_rq_overload_close'), 1);
    assert.deepEqual(server.logged, ['503 overload']);
    const points: LoadShedPoint[] = [];
    const shed = (point: LoadShedPoint): boolean => points.push(point) > 0;
    assert.match(world({}, ok, { overload: overload({ shed }) }).send(GET), /^HTTP\/1\.1 503 /);
    assert.ok(points.includes('http_connection_manager_decode_headers'));
  });

  it('closes connections with their responses', () => {
    const server = world({}, ok, { overload: overload({ disableHttpKeepalive: 1 }) });
    assert.match(server.send(GET), /connection: close/);
    assert.equal(server.stat('downstream_cx_overload_disable_keepalive'), 1);
  });
});

describe('the head of a request', () => {
  const headers = (changes: Parameters<typeof world>[0], text = '', more: Parameters<typeof world>[2] = {}) => {
    const server = world(changes, ok, more);
    server.send(`GET / HTTP/1.1\r\nhost: a\r\n${text}\r\n`);
    return server.streams[0]!.requestHeaders;
  };

  it('names this machine for a client on it, which would be called 127.0.0.1 elsewhere too', () => {
    const connection = { directRemoteAddress: socketAddress('127.0.0.1', 4000) };
    assert.equal(headers({ useRemoteAddress: true }, '', { connection }).get('x-forwarded-for'), findLocalIp());
    assert.equal(headers({ useRemoteAddress: true }).get('x-forwarded-for'), '10.0.0.9');
    for (const ip of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1']) assert.ok(isLoopback(ip));
    for (const ip of ['10.0.0.1', '::2', '128.0.0.1']) assert.ok(!isLoopback(ip));
  });

  it('tells port, scheme and names where it is asked to', () => {
    const edge = headers({ useRemoteAddress: true, appendXForwardedPort: true }, 'x-forwarded-port: 1\r\n');
    assert.equal(edge.get('x-forwarded-port'), '80');
    const overwritten = headers({ schemeToOverwrite: 'https' });
    assert.deepEqual([overwritten.scheme, overwritten.get('x-forwarded-proto')], ['https', 'https']);
    const named = headers({ addUserAgent: true });
    assert.equal(named.get('user-agent'), 'c');
    assert.equal(named.get('x-envoy-downstream-service-cluster'), 'c');
    assert.equal(named.get('x-envoy-downstream-service-node'), 'n');
  });

  it('keeps of te what a proxy can keep', () => {
    assert.equal(headers({}, 'te: gzip, trailers\r\n').get('te'), 'trailers');
    assert.equal(headers({}, 'te: gzip\r\n').get('te'), undefined);
  });
});

describe('what a proxy before this one says', () => {
  it('is one list, in however many fields it came', () => {
    const server = world();
    server.send('GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-proto: https\r\nx-forwarded-proto: http\r\n\r\n');
    const { requestHeaders } = server.streams[0]!;
    assert.equal(requestHeaders.get('x-forwarded-proto'), 'https,http');
    assert.equal(requestHeaders.scheme, 'http');
  });

  it('forces a trace, and is answered with what to find it by', () => {
    const trace = 'GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 10.0.0.1\r\nx-envoy-force-trace: 1\r\n\r\n';
    assert.doesNotMatch(world().send(trace), /x-request-id/);
    const inside = { internalRanges: [{ contains: () => true }] as never };
    assert.match(world(inside).send(trace), /x-request-id: [0-9a-f-]{36}/);
  });
});

describe('refusals of the codec', () => {
  it('say who serves, unless the server header is passed through', () => {
    const bad = 'BAD\r\n\r\n';
    assert.match(world().send(bad), /^HTTP\/1\.1 400 .*server: envoy\r\n/s);
    assert.doesNotMatch(world({ serverHeader: 'PASS_THROUGH' }).send(bad), /server:/);
  });
});
