import { HeaderMap, ResponseHeaderMap } from '@weft/core-http';
import { routeTable } from '@weft/model-route/testing';
import { CONTINUE, STOP, type FilterStream, type HttpFilter } from '@weft/proxy-filter-api';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Http2Client, ok, world } from './testing.ts';

/** Codecs hand on what they held after the call that lets go of it. */
function nextTick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** Answers what it is asked, with trailers. */
function echo(stream: FilterStream): HttpFilter {
  return {
    onRequestHeaders: (_headers, end) => {
      stream.sendHeaders(new ResponseHeaderMap(200), end);
      return STOP;
    },
    onRequestData: (chunk, end) => {
      stream.sendData(chunk, end);
      return STOP;
    },
    onRequestTrailers: (trailers) => {
      stream.sendTrailers(new HeaderMap(trailers.raw.map((text) => text.replace('ask', 'answer'))));
      return STOP;
    },
  };
}

describe('the connection manager, to HTTP/2 clients', () => {
  it('serves many requests at once, with bodies and trailers', () => {
    const server = world({}, echo);
    const client = new Http2Client(server);
    const calls = ['/1', '/2', '/3'].map((path) => client.request(path, {}, { method: 'POST', open: true }));
    client.pump();
    assert.equal(server.stat('downstream_rq_active'), 3);
    for (const [i, { stream }] of calls.entries()) {
      stream.data(Buffer.from(`body ${i}`), false);
      stream.trailers(new HeaderMap(['x-ask', String(i)]));
    }
    client.pump();
    assert.deepEqual(
      calls.map(({ answer }) => [answer.head?.status, answer.body, answer.trailerMap?.get('x-answer')]),
      [0, 1, 2].map((i) => [200, `body ${i}`, String(i)]),
    );
    assert.equal(server.stat('downstream_cx_http2_total'), 1);
    assert.equal(server.stat('downstream_cx_http2_active'), 1);
    assert.equal(server.stat('downstream_cx_http1_total'), 0);
    assert.equal(server.stat('downstream_rq_http2_total'), 3);
    assert.equal(server.stat('downstream_rq_active'), 0);
    assert.equal(server.streams[0]?.info.protocol, 'HTTP/2');
  });

  it('is told HTTP/2 by the first bytes, wherever they are cut', () => {
    for (let step = 1; step <= 30; step += 1) {
      const server = world();
      const client = new Http2Client(server);
      const { answer } = client.request();
      client.pump(step);
      assert.equal(answer.body, 'ok', `${step} bytes at a time`);
    }
  });

  it('takes what only begins like the preface for HTTP/1', () => {
    const server = world();
    server.send('P');
    server.send('R');
    assert.match(server.send('OPFIND / HTTP/1.1\r\nhost: a\r\n\r\n'), /^HTTP\/1\.1 200 /);
    assert.equal(server.stat('downstream_cx_http1_total'), 1);
  });

  it('follows ALPN and codec_type before any bytes', () => {
    const ssl = { alpn: 'h2' } as never;
    assert.equal(world({}, ok, { connection: { tls: true, ssl } }).stat('downstream_cx_http2_total'), 1);
    const http1 = { alpn: 'http/1.1' } as never;
    assert.equal(world({}, ok, { connection: { tls: true, ssl: http1 } }).stat('downstream_cx_http1_total'), 1);
    assert.equal(
      world({ codecType: 'HTTP1' }, ok, { connection: { tls: true, ssl } }).stat('downstream_cx_http1_total'),
      1,
    );
    assert.equal(world({ codecType: 'HTTP2' }).stat('downstream_cx_http2_total'), 1);
    assert.equal(world().stat('downstream_cx_http2_total') + world().stat('downstream_cx_http1_total'), 0);
  });

  it('drains in two steps: still serves what comes after the first', () => {
    const server = world({ maxConnectionDurationMs: 1000, drainTimeoutMs: 5000 });
    const client = new Http2Client(server);
    client.request();
    client.pump();
    // On its way when the client hears of it.
    const { answer } = client.request();
    server.runtime.clock.advance(1000);
    client.pump();
    assert.equal(client.goneAway, true);
    assert.equal(server.stat('downstream_cx_max_duration_reached'), 1);
    assert.equal(answer.body, 'ok');
    assert.equal(server.transport.closed, false);
    server.runtime.clock.advance(5000);
    assert.equal(server.transport.closed, true);
  });

  it('sends its last GOAWAY while requests are under way, and closes when they end', () => {
    const server = world({ drainTimeoutMs: 100 }, echo);
    const client = new Http2Client(server);
    const { stream, answer } = client.request('/', {}, { method: 'POST', open: true });
    client.pump();
    server.handler.drain();
    server.runtime.clock.advance(100);
    client.pump();
    assert.equal(server.transport.closed, false);
    stream.data(Buffer.from('late'), true);
    client.pump();
    assert.equal(answer.body, 'late');
    assert.equal(server.transport.closed, true);
  });

  it('tells why a stream ended: reset by the client, or its connection lost', () => {
    const server = world({}, () => ({ onRequestHeaders: () => STOP }));
    const client = new Http2Client(server);
    const { stream } = client.request();
    client.request();
    client.pump();
    stream.reset('local reset');
    client.pump();
    server.handler.onClose({ by: 'remote' });
    assert.deepEqual(server.logged, ['0 http2.remote_reset', '0 downstream_remote_disconnect']);
    assert.equal(server.stat('downstream_rq_rx_reset'), 2);
  });

  it('keeps the scheme that the client sent, and refuses no host but a missing one', () => {
    const server = world({}, ok);
    const client = new Http2Client(server);
    client.request('/', { 'x-forwarded-proto': 'https' });
    client.pump();
    assert.equal(server.streams[0]?.requestHeaders.scheme, 'http');
  });

  it('answers a whole response before the whole request, and ends the stream', () => {
    const early = (stream: FilterStream): HttpFilter => ({
      onRequestHeaders: () => {
        stream.reply({ status: 403, body: 'no', details: 'test' });
        return STOP;
      },
    });
    const server = world({}, early);
    const client = new Http2Client(server);
    const { answer } = client.request('/', {}, { method: 'POST', open: true });
    client.pump();
    assert.equal(answer.head?.status, 403);
    assert.equal(answer.body, 'no');
    assert.equal(server.stat('downstream_rq_response_before_rq_complete'), 1);
    assert.equal(server.stat('downstream_rq_active'), 0);
  });

  it('opens a WebSocket by extended CONNECT, which filters see as an upgrade', () => {
    const upgrade = (stream: FilterStream): HttpFilter => ({
      onRequestHeaders: (headers) => {
        assert.deepEqual([headers.method, headers.protocol], ['GET', 'websocket']);
        stream.sendHeaders(new ResponseHeaderMap(101, ['upgrade', 'websocket']), false);
        return STOP;
      },
      onRequestData: (chunk, end) => {
        stream.sendData(chunk, end);
        return STOP;
      },
    });
    const config = {
      http2: { streamErrorOnInvalidHttpMessage: false, allowConnect: true, keepAlive: undefined },
      upgrades: new Map([['websocket', { enabled: true, chain: undefined }]]),
    };
    const server = world(config, upgrade);
    const client = new Http2Client(server);
    client.pump();
    const { stream, answer } = client.request('/chat', {}, { open: true, protocol: 'websocket' });
    client.pump();
    // To those behind the client's codec, too, it is an upgrade.
    assert.equal(answer.head?.status, 101);
    assert.equal(server.stat('downstream_cx_upgrades_active'), 1);
    stream.data(Buffer.from('hello'), false);
    client.pump();
    assert.equal(answer.body, 'hello');
    stream.data(Buffer.from(' bye'), true);
    client.pump();
    assert.equal(answer.ended, true);
    assert.equal(server.stat('downstream_cx_upgrades_active'), 0);
    assert.equal(server.stat('downstream_cx_upgrades_total'), 1);
    client.request('/chat', {}, { open: true, protocol: 'other' });
    client.pump();
    assert.equal(server.stat('downstream_rq_ws_on_non_ws_route'), 1);
  });

  it('pauses the window of a stream whose receiver is slow, and counts it', async () => {
    const held: FilterStream[] = [];
    const slow = (stream: FilterStream): HttpFilter => ({
      onRequestHeaders: () => {
        held.push(stream);
        stream.pauseRequest();
        return STOP;
      },
      onRequestData: () => STOP,
    });
    const http2 = {
      streamErrorOnInvalidHttpMessage: false,
      allowConnect: false,
      keepAlive: undefined,
      initialStreamWindowBytes: 65_535,
    };
    const server = world({ http2 }, slow);
    const client = new Http2Client(server);
    client.pump();
    const { stream } = client.request('/', {}, { method: 'POST', open: true });
    let sent = 0;
    let more = true;
    for (; more && sent < 10_000_000; sent += 16_384) {
      more = stream.data(Buffer.alloc(16_384), false);
      client.pump();
    }
    assert.ok(sent < 2_000_000, `${sent} bytes were taken of a client that nobody reads`);
    assert.ok((server.streams[0]?.info.bytesReceived ?? 0) <= 65_535 + 16_384);
    assert.equal(server.stat('downstream_flow_control_paused_reading_total'), 1);
    held[0]?.resumeRequest();
    await nextTick();
    client.pump();
    assert.equal(server.stat('downstream_flow_control_resumed_reading_total'), 1);
    assert.ok((server.streams[0]?.info.bytesReceived ?? 0) > 65_535);
  });

  it('tells the terminal filter when a slow client has caught up', async () => {
    let drains = 0;
    let stream: FilterStream | undefined;
    const terminal = (opened: FilterStream): HttpFilter => {
      stream = opened;
      return {
        onRequestHeaders: () => {
          opened.sendHeaders(new ResponseHeaderMap(200), false);
          return STOP;
        },
        onDownstreamDrained: () => (drains += 1),
      };
    };
    const server = world({}, terminal);
    const client = new Http2Client(server, { initialStreamWindowBytes: 65_535 });
    const { stream: call, answer } = client.request();
    call.pause();
    client.pump();
    let sent = 0;
    while (stream?.sendData(Buffer.alloc(16_384), false) && sent < 10_000_000) {
      sent += 16_384;
      client.pump();
    }
    assert.ok(sent < 200_000, `${sent} bytes wait for a client that reads none`);
    assert.equal(drains, 0);
    call.resume();
    await nextTick();
    client.pump();
    assert.equal(drains, 1);
    assert.ok(answer.body.length > 65_535);
  });

  it('passes interim answers on, and answers Expect by itself', () => {
    const server = world({}, echo);
    const client = new Http2Client(server);
    const { answer } = client.request('/', { expect: '100-continue' }, { method: 'POST', open: true });
    client.pump();
    assert.deepEqual(
      answer.interim.map(({ status }) => status),
      [100],
    );
    assert.equal(server.streams[0]?.requestHeaders.has('expect'), false);
  });

  it('limits a call by grpc-timeout where the route lets it, and says so in gRPC', () => {
    const table = routeTable({
      virtual_hosts: [
        {
          name: 'v',
          domains: ['*'],
          routes: [
            {
              match: { prefix: '/' },
              route: {
                cluster: 'c',
                max_stream_duration: { grpc_timeout_header_max: '2s', grpc_timeout_header_offset: '0.5s' },
              },
            },
          ],
        },
      ],
    });
    const server = world({ routes: { kind: 'static', table } }, (stream) => ({
      onRequestHeaders: () => {
        assert.ok(stream.route !== undefined);
        return STOP;
      },
    }));
    const client = new Http2Client(server);
    const grpc = { 'content-type': 'application/grpc', te: 'trailers' };
    const short = client.request('/', { ...grpc, 'grpc-timeout': '1S' }).answer;
    const long = client.request('/', { ...grpc, 'grpc-timeout': '1H' }).answer;
    client.pump();
    server.runtime.clock.advance(499);
    client.pump();
    assert.equal(short.ended, false);
    server.runtime.clock.advance(1);
    client.pump();
    assert.equal(short.head?.get('grpc-status'), '4');
    assert.equal(short.ended, true);
    assert.equal(long.ended, false);
    server.runtime.clock.advance(1000);
    client.pump();
    assert.equal(long.head?.get('grpc-status'), '4');
    assert.equal(server.stat('downstream_rq_max_duration_reached'), 2);
  });

  it('passes a request through filters that look at it', () => {
    const seen: string[] = [];
    const looking = {
      typeName: 'look',
      terminal: false,
      decode: () => undefined,
      prepare: () => (): HttpFilter => ({
        onRequestHeaders: (headers) => {
          seen.push(headers.path);
          return CONTINUE;
        },
      }),
    };
    const server = world({ filters: [{ name: 'look', factory: looking, config: undefined }] });
    const client = new Http2Client(server);
    const { answer } = client.request('/seen');
    client.pump();
    assert.equal(answer.body, 'ok');
    assert.deepEqual(seen, ['/seen']);
  });
});

describe('a request of HTTP/2 whose head is refused', () => {
  const refusals: { fields: Record<string, string>; logged: string; faults: number }[] = [
    { fields: { a_b: '1' }, logged: '0 http2.unexpected_underscore', faults: 0 },
    { fields: { Capital: '1' }, logged: '0 http2.invalid.header.field', faults: 1 },
  ];
  for (const { fields, logged, faults } of refusals) {
    it(`is counted and logged: ${logged}`, () => {
      const server = world({ http1: { headersWithUnderscoresAction: 'reject' } });
      const client = new Http2Client(server);
      client.request('/', fields);
      client.pump();
      assert.deepEqual(server.logged, [logged]);
      const counts = ['rq_total', 'rq_http2_total', 'rq_rx_reset', 'rq_active', 'cx_protocol_error'];
      assert.deepEqual(
        counts.map((name) => server.stat(`downstream_${name}`)),
        [1, 1, 1, 0, faults],
      );
    });
  }

  it('is answered where only its path has a fragment', () => {
    const server = world();
    const client = new Http2Client(server);
    const { answer } = client.request('/a#b');
    client.pump();
    assert.equal(answer.head?.status, 400);
    assert.equal(server.stat('downstream_rq_failed_path_normalization'), 1);
  });
});
