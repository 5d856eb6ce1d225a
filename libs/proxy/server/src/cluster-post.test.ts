import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ResponseHeaderMap } from '@weft/core-http';
import { FakeTime } from '@weft/core-runtime/testing';
import { FakeCluster, FakeClusters } from '@weft/proxy-filter-api/testing';
import { postJson, type JsonPost, type PostAnswer } from './cluster-post.ts';

describe('a JSON that the proxy posts', () => {
  const time = new FakeTime();

  function post(
    cluster = new FakeCluster('collector'),
    more: Partial<JsonPost> = {},
  ): {
    readonly cluster: FakeCluster;
    readonly outcomes: (PostAnswer | string)[];
  } {
    const outcomes: (PostAnswer | string)[] = [];
    const spans = { cluster: 'collector', path: '/spans', body: Buffer.from('[]'), timeoutMs: 5000, maxAnswerBytes: 4 };
    postJson(new FakeClusters(cluster), time, { ...spans, ...more }, (outcome) => outcomes.push(outcome));
    return { cluster, outcomes };
  }

  it('goes to a host of the cluster, and brings the whole answer', () => {
    const { cluster, outcomes } = post();
    const { stream } = cluster.last;
    assert.equal(stream.head?.method, 'POST');
    assert.equal(stream.head.path, '/spans');
    assert.equal(stream.head.authority, 'collector');
    assert.equal(stream.head.get('content-length'), '2');
    assert.equal(stream.body, '[]');
    assert.ok(stream.ended);
    stream.receiver.headers(new ResponseHeaderMap(202), false);
    stream.receiver.data(Buffer.from('ok'), false);
    assert.deepEqual(outcomes, []);
    stream.receiver.data(Buffer.from('!'), true);
    time.advance(10_000);
    assert.deepEqual(outcomes, [{ status: 202, body: Buffer.from('ok!') }]);
    assert.equal(stream.resetReason, undefined);
  });

  it('says that there is no such cluster, or no host in it', () => {
    assert.deepEqual(post(new FakeCluster('other')).outcomes, ['there is no such cluster']);
    assert.deepEqual(post(new FakeCluster('collector', 0)).outcomes, ['the cluster has no host']);
  });

  it('says why there is no connection', () => {
    const cluster = new FakeCluster('collector');
    cluster.pool = 'remote connection failure';
    cluster.failure = 'delayed connect error: Connection refused';
    assert.deepEqual(post(cluster).outcomes, ['no connection: delayed connect error: Connection refused']);
  });

  it('says how a request ended that was sent', () => {
    const { cluster, outcomes } = post();
    cluster.last.stream.receiver.reset('connection termination');
    assert.deepEqual(outcomes, ['connection termination']);
  });

  it('waits for a connection no longer than it may', () => {
    const cluster = new FakeCluster('collector');
    cluster.pool = 'wait';
    const { outcomes } = post(cluster);
    time.advance(4999);
    assert.deepEqual(outcomes, []);
    time.advance(1);
    assert.deepEqual(outcomes, ['it took too long']);
    assert.ok(cluster.last.cancelled);
  });

  it('waits for the rest of an answer no longer than it may', () => {
    const { cluster, outcomes } = post();
    const { stream } = cluster.last;
    stream.receiver.headers(new ResponseHeaderMap(200), false);
    time.advance(5000);
    assert.deepEqual(outcomes, ['it took too long']);
    assert.equal(stream.resetReason, 'local reset');
  });

  it('keeps nothing of a body that nobody wants, however long', () => {
    const { cluster, outcomes } = post(undefined, { discardBody: true });
    const { stream } = cluster.last;
    stream.receiver.headers(new ResponseHeaderMap(202), false);
    stream.receiver.data(Buffer.from('12345'), true);
    assert.deepEqual(outcomes, [{ status: 202, body: Buffer.alloc(0) }]);
    assert.equal(stream.resetReason, undefined);
  });

  it('says that a limit was reached where the pool says no more', () => {
    const cluster = new FakeCluster('collector');
    cluster.pool = 'overflow';
    assert.deepEqual(post(cluster).outcomes, ['no connection: overflow']);
  });

  it('takes no answer that is longer than it may be', () => {
    const { cluster, outcomes } = post();
    const { stream } = cluster.last;
    stream.receiver.headers(new ResponseHeaderMap(200), false);
    stream.receiver.data(Buffer.from('12345'), false);
    assert.deepEqual(outcomes, ['the answer is longer than 4 bytes']);
    assert.equal(stream.resetReason, 'local reset');
  });
});
