import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseHeaderMap } from '@weft/core-http';
import { RouterWorld } from './testing.ts';

test('a slow client holds the upstream, until it has drained', () => {
  const world = new RouterWorld();
  const exchange = world.request().send();
  const { owner, stream } = world.cluster.last;
  owner.headers(new ResponseHeaderMap(200), false);
  exchange.stream.downstreamFull = true;
  owner.data(Buffer.from('a'), false);
  owner.data(Buffer.from('b'), false);
  assert.equal(stream.paused, 1, 'once, however often it is told');
  exchange.filter.onDownstreamDrained();
  assert.equal(stream.paused, 0);
  const { requestStats } = world.cluster;
  assert.equal(requestStats.upstreamFlowControlPausedReading.value, 1);
  assert.equal(requestStats.upstreamFlowControlResumedReading.value, 1);
});

test('a slow upstream holds the client, until it has drained', () => {
  const world = new RouterWorld();
  const exchange = world.request('/', {}, 'POST').send('more');
  const { owner, stream } = world.cluster.last;
  stream.full = true;
  exchange.body('a', 'more').body('b', 'more');
  assert.equal(exchange.stream.paused, 1);
  owner.drained();
  assert.equal(exchange.stream.paused, 0);
  const { requestStats } = world.cluster;
  assert.deepEqual(
    [requestStats.upstreamFlowControlBackedUp.value, requestStats.upstreamFlowControlDrained.value],
    [1, 1],
  );
});

test('a client is not left held by an attempt that ends', () => {
  const world = new RouterWorld();
  const exchange = world.request('/', {}, 'POST').send('more');
  world.cluster.last.stream.full = true;
  exchange.body('a', 'more');
  world.cluster.last.owner.reset('connection termination');
  assert.equal(exchange.stream.paused, 0);
});

test('a body that waits for a connection is held at the limit, and sent whole', () => {
  const world = new RouterWorld();
  world.cluster.pool = 'wait';
  const exchange = world.request('/', {}, 'POST').send('more');
  exchange.stream.bufferLimitBytes = 4;
  exchange.body('1234', 'more');
  assert.equal(exchange.stream.paused, 0);
  exchange.body('56', 'more');
  assert.equal(exchange.stream.paused, 1);
  world.cluster.ready(world.cluster.last);
  assert.equal(exchange.stream.paused, 0);
  exchange.body('7');
  assert.equal(world.cluster.last.stream.body, '1234567');
  assert.ok(world.cluster.last.stream.ended);
});
