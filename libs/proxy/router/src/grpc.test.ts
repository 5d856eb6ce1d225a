import { HeaderMap, ResponseHeaderMap } from '@weft/core-http';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RouterWorld } from './testing.ts';

const GRPC = { 'content-type': 'application/grpc+proto' };

describe('a gRPC call', () => {
  it('takes its timeout from grpc-timeout, where max_grpc_timeout lets it', () => {
    const table: [config: object, asked: string | undefined, told: string | undefined][] = [
      [{ max_grpc_timeout: '5s' }, '2S', '2000m'],
      [{ max_grpc_timeout: '5s' }, '20S', '5000m'],
      [{ max_grpc_timeout: '0s' }, '20S', '20000m'],
      [{ max_grpc_timeout: '5s' }, undefined, '5000m'],
      [{ max_grpc_timeout: '0s' }, undefined, undefined],
      [{ max_grpc_timeout: '5s', grpc_timeout_offset: '0.5s' }, '2S', '1500m'],
      [{ max_grpc_timeout: '5s', grpc_timeout_offset: '3s' }, '2S', '2000m'],
      [{ timeout: '1s' }, '2S', '2S'],
    ];
    for (const [route, asked, told] of table) {
      const world = new RouterWorld({ route });
      const { head } = world.request('/', { ...GRPC, ...(asked && { 'grpc-timeout': asked }) }).send();
      assert.equal(head.get('grpc-timeout'), told, JSON.stringify([route, asked]));
    }
  });

  it('counts as good or bad for its host by its status, which may come last', () => {
    const table: [headers: string[], trailers: string[] | undefined, good: boolean][] = [
      [['grpc-status', '0'], undefined, true],
      [['grpc-status', '14'], undefined, false],
      [['grpc-status', '5'], undefined, true],
      [[], ['grpc-status', '0'], true],
      [[], ['grpc-status', '13'], false],
      [[], [], false],
    ];
    for (const [headers, trailers, good] of table) {
      const world = new RouterWorld();
      world.request('/', GRPC).send();
      const { owner, host } = world.cluster.last;
      owner.headers(new ResponseHeaderMap(200, [...headers]), trailers === undefined);
      if (trailers !== undefined) owner.trailers(new HeaderMap([...trailers]));
      assert.deepEqual([host.stats.rqSuccess, host.stats.rqError], good ? [1, 0] : [0, 1]);
    }
  });

  it('is tried again for a status that came alone, and not for one that came last', () => {
    const world = new RouterWorld({ route: { retry_policy: { retry_on: 'unavailable' } } });
    world.request('/', GRPC).send().answer(200, ['grpc-status', '14']).wait(30);
    assert.equal(world.cluster.attempts.length, 2);
    const { owner } = world.cluster.last;
    owner.headers(new ResponseHeaderMap(200), false);
    owner.trailers(new HeaderMap(['grpc-status', '14']));
    assert.equal(world.cluster.attempts.length, 2);
  });

  it('that breaks off in the middle is an error of its host, and counted', () => {
    const world = new RouterWorld();
    const exchange = world.request('/', GRPC).send();
    const { owner, host } = world.cluster.last;
    owner.headers(new ResponseHeaderMap(200), false);
    owner.reset('remote reset');
    assert.equal(host.stats.rqError, 1);
    assert.equal(exchange.stream.wasReset, true);
    assert.equal(world.counter('rq_reset_after_downstream_response_started'), 1);
  });
});
