import { RequestHeaderMap } from '@weft/core-http';
import type { RecordingTransport } from '@weft/core-bytes/testing';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RouterWorld, type Exchange } from './testing.ts';

const ROUTES = [
  {
    match: { connect_matcher: {} },
    route: { cluster: 'c', upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }] },
  },
];

/** A CONNECT that has got its connection. */
function connected(): { exchange: Exchange; transport: RecordingTransport } {
  const world = new RouterWorld({ routes: ROUTES });
  const exchange = world.request('', {}, 'CONNECT').send('more');
  const { transport } = world.cluster.connections[0]!;
  return { exchange, transport };
}

describe('a CONNECT that ends here', () => {
  it('is answered as soon as its connection is there, and passes bytes both ways', () => {
    const { exchange, transport } = connected();
    assert.equal(exchange.stream.responseHeaders?.status, 200);
    exchange.body('ping', 'more');
    assert.equal(transport.take(), 'ping');
    transport.drain();
    transport.receiver?.onData(Buffer.from('pong'));
    assert.equal(exchange.stream.body, 'pong');
  });

  it('half-closes with its client, and ends with its upstream', () => {
    const { exchange, transport } = connected();
    exchange.body('bye');
    assert.equal(transport.take(), 'bye');
    assert.equal(transport.closed, true);
    transport.receiver?.onEnd();
    assert.equal(exchange.stream.ended, true);
  });

  it('is reset when its connection breaks', () => {
    const { exchange, transport } = connected();
    transport.receiver?.onClose({ by: 'remote' });
    assert.equal(exchange.stream.wasReset, true);
    assert.equal(exchange.flags, 'UC');
  });

  it('is told that there is no connection', () => {
    const world = new RouterWorld({ routes: ROUTES });
    world.cluster.pool = 'remote connection failure';
    const exchange = world.request('', {}, 'CONNECT').send('more');
    assert.equal(exchange.stream.localReply?.status, 503);
  });

  it('may be a POST where that is allowed', () => {
    const connect = { upgrade_type: 'CONNECT', connect_config: { allow_post: true } };
    const world = new RouterWorld({ route: { upgrade_configs: [connect] } });
    world.request('/', {}, 'POST').send('more');
    assert.equal(world.cluster.connections.length, 1);
    const head = new RequestHeaderMap('GET', '/', 'a');
    const { filter } = world.open(head);
    filter.onRequestHeaders(head, true);
    assert.equal(world.cluster.connections.length, 1);
  });
});
