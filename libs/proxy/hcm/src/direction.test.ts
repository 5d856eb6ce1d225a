import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderMap, RequestHeaderMap } from '@weft/core-http';
import { BUFFER, CONSUME, CONTINUE, STOP, type HttpFilter } from '@weft/proxy-filter-api';
import { Direction, type DirectionEnds } from './direction.ts';

/** Runs the request direction over `filters`, and writes down what comes out at the far end. */
function world(filters: HttpFilter[], limitBytes = 1000) {
  const out: string[] = [];
  const events: string[] = [];
  let flowing = true;
  const ends: DirectionEnds<RequestHeaderMap> = {
    callHeaders: (filter, headers, end) => filter.onRequestHeaders?.(headers, end) ?? CONTINUE,
    callData: (filter, chunk, end) => filter.onRequestData?.(chunk, end) ?? CONTINUE,
    callTrailers: (filter, trailers) => filter.onRequestTrailers?.(trailers) ?? CONTINUE,
    passHeaders: (_headers, end) => out.push(`headers${end ? ' end' : ''}`),
    passData: (chunk, end) => {
      out.push(`${chunk.toString()}${end ? ' end' : ''}`);
      return true;
    },
    passTrailers: () => out.push('trailers'),
    overflow: () => {
      events.push('overflow');
      flowing = false;
    },
    pauseSource: () => events.push('pause'),
    resumeSource: () => events.push('resume'),
    flowing: () => flowing,
  };
  const direction = new Direction<RequestHeaderMap>(filters, ends, limitBytes);
  return {
    out,
    events,
    direction,
    send: (...parts: string[]) =>
      parts.forEach((part, i) => direction.data(0, Buffer.from(part), i === parts.length - 1)),
    head: (end = false) => direction.headers(0, new RequestHeaderMap(), end),
    stop: () => {
      flowing = false;
    },
  };
}

describe('one direction of a filter chain', () => {
  it('passes headers, data and trailers through filters that have no phase for them', () => {
    const { out, head, send, direction } = world([{}, {}]);
    head();
    send('a', 'b');
    direction.trailers(0, new HeaderMap());
    assert.deepEqual(out, ['headers', 'a', 'b end', 'trailers']);
  });

  it('holds as much as it is told to from then on', () => {
    const { events, head, direction } = world([{ onRequestHeaders: () => BUFFER, onRequestData: () => BUFFER }], 10);
    head();
    direction.setLimit(20);
    direction.data(0, Buffer.alloc(15), false);
    assert.deepEqual(events, []);
    direction.data(0, Buffer.alloc(6), false);
    assert.deepEqual(events, ['overflow']);
  });

  it('holds everything behind a filter that stopped, and shows it the body after it continues', () => {
    const seen: string[] = [];
    const { out, head, send, direction } = world([
      { onRequestHeaders: () => STOP, onRequestData: (chunk) => (seen.push(chunk.toString()), CONTINUE) },
    ]);
    head();
    send('a', 'b');
    assert.deepEqual([out, seen], [[], []]);
    direction.continue(0);
    assert.deepEqual(out, ['headers', 'a', 'b end']);
    assert.deepEqual(seen, ['a', 'b']);
  });

  it('shows a filter that buffers each chunk once, and lets all go with the last', () => {
    const seen: string[] = [];
    const { out, head, send } = world([
      {
        onRequestHeaders: () => BUFFER,
        onRequestData: (chunk, end) => (seen.push(chunk.toString()), end ? CONTINUE : BUFFER),
      },
    ]);
    head();
    send('a', 'b', 'c');
    assert.deepEqual(seen, ['a', 'b', 'c']);
    assert.deepEqual(out, ['headers', 'a', 'b', 'c end']);
  });

  it('lets go of what a filter buffered when trailers end the body', () => {
    const { out, head, direction } = world([{ onRequestHeaders: () => BUFFER, onRequestData: () => BUFFER }]);
    head();
    direction.data(0, Buffer.from('a'), false);
    direction.trailers(0, new HeaderMap());
    assert.deepEqual(out, ['headers', 'a', 'trailers']);
  });

  it('acts on a continue from inside a callback after the callback, without entering the filter twice', () => {
    let calls = 0;
    const built = world([{ onRequestHeaders: () => (calls++, built.direction.continue(0), STOP) }]);
    built.head(true);
    assert.deepEqual(built.out, ['headers end']);
    assert.equal(calls, 1);
  });

  it('keeps a later filter holding its own chunks while an earlier one passes', () => {
    const { out, head, send, direction } = world([{}, { onRequestHeaders: () => STOP }, {}]);
    head();
    send('a');
    assert.deepEqual(out, []);
    direction.continue(1);
    assert.deepEqual(out, ['headers', 'a end']);
  });

  it('lets a filter replace chunks by its own', () => {
    const { out, head, direction } = world([{ onRequestData: () => CONSUME }, {}]);
    head();
    direction.data(0, Buffer.from('a'), true);
    direction.data(1, Buffer.from('A'), true);
    assert.deepEqual(out, ['headers', 'A end']);
  });

  it('reports a filter that buffers more than the limit, and stops there', () => {
    const { out, events, head, direction } = world(
      [{ onRequestHeaders: () => BUFFER, onRequestData: () => BUFFER }],
      3,
    );
    head();
    direction.data(0, Buffer.from('abc'), false);
    assert.deepEqual(events, []);
    direction.data(0, Buffer.from('d'), false);
    assert.deepEqual(events, ['overflow']);
    assert.deepEqual(out, []);
  });

  it('pauses the source once when a stopped filter holds more than the limit, and resumes it on continue', () => {
    const { out, events, head, direction } = world([{ onRequestHeaders: () => STOP }], 3);
    head();
    for (const part of ['abc', 'd', 'e']) direction.data(0, Buffer.from(part), false);
    assert.deepEqual(events, ['pause']);
    direction.continue(0);
    assert.deepEqual(events, ['pause', 'resume']);
    assert.deepEqual(out, ['headers', 'abc', 'd', 'e']);
  });

  it('stops iterating when a filter ended the stream', () => {
    const built = world([
      { onRequestHeaders: () => (built.stop(), CONTINUE) },
      { onRequestHeaders: () => assert.fail() },
    ]);
    built.head(true);
    assert.deepEqual(built.out, []);
  });

  it('lets a stopped filter stop again in the middle of what it held', () => {
    const { out, head, send, direction } = world([
      { onRequestHeaders: () => STOP, onRequestData: (chunk) => (chunk.toString() === 'b' ? STOP : CONTINUE) },
    ]);
    head();
    send('a', 'b', 'c');
    direction.continue(0);
    assert.deepEqual(out, ['headers', 'a']);
    direction.continue(0);
    assert.deepEqual(out, ['headers', 'a', 'b', 'c end']);
  });
});
