import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestHeaderMap } from '@weft/core-http';
import { extract, inject } from './propagation.ts';

const TRACE = '463ac35c9f6413ad48485a3953bb6124';
const SPAN = 'a2fb4a1d1a96d312';
const PARENT = '0020000000000001';
const TRACEPARENT = `00-${TRACE}-${SPAN}-01`;

function from(headers: Record<string, string>, w3c = true): ReturnType<typeof extract> {
  return extract(new RequestHeaderMap('GET', '/', 'h', Object.entries(headers).flat()), w3c);
}

test('B3 in several headers', () => {
  assert.deepEqual(
    from({ 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-parentspanid': PARENT, 'x-b3-sampled': '1' }),
    {
      style: 'b3-multi',
      context: { traceId: TRACE, spanId: SPAN, parentId: PARENT },
      sampled: true,
    },
  );
  assert.equal(from({ 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN })?.sampled, undefined);
  assert.equal(from({ 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': 'true' })?.sampled, true);
  assert.equal(from({ 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '0' })?.sampled, false);
  assert.equal(from({ 'x-b3-flags': '1', 'x-b3-sampled': '0' })?.sampled, true);
});

test('B3 in one header', () => {
  assert.deepEqual(from({ b3: `${TRACE}-${SPAN}-1-${PARENT}` }), {
    style: 'b3-single',
    context: { traceId: TRACE, spanId: SPAN, parentId: PARENT },
    sampled: true,
  });
  assert.equal(from({ b3: `${TRACE}-${SPAN}-d` })?.sampled, true);
  assert.equal(from({ b3: `${TRACE}-${SPAN}` })?.sampled, undefined);
  assert.deepEqual(from({ b3: '0' }), { style: 'b3-single', context: undefined, sampled: false });
});

test('W3C is read only where the configuration says so, and after B3', () => {
  assert.deepEqual(from({ traceparent: TRACEPARENT })?.context, { traceId: TRACE, spanId: SPAN, parentId: '' });
  assert.equal(from({ traceparent: TRACEPARENT })?.sampled, true);
  assert.equal(from({ traceparent: TRACEPARENT.replace(/1$/, '0') })?.sampled, false);
  assert.equal(from({ traceparent: `cc-${TRACE}-${SPAN}-03-more` })?.sampled, true);
  assert.equal(from({ traceparent: TRACEPARENT }, false)?.context, undefined);
  assert.equal(
    from({ traceparent: TRACEPARENT, 'x-b3-traceid': PARENT, 'x-b3-spanid': PARENT })?.context?.traceId,
    PARENT,
  );
});

test('broken B3 headers mean no trace', () => {
  for (const headers of [
    { 'x-b3-traceid': 'xx', 'x-b3-spanid': SPAN },
    { 'x-b3-traceid': TRACE.slice(1), 'x-b3-spanid': SPAN },
    { 'x-b3-traceid': '0'.repeat(32), 'x-b3-spanid': SPAN },
    { 'x-b3-traceid': TRACE, 'x-b3-spanid': 'zz' },
    { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-parentspanid': '1' },
    { b3: 'x' },
    { b3: `${TRACE}-1` },
  ]) {
    assert.equal(from(headers as unknown as Record<string, string>, false), undefined, JSON.stringify(headers));
  }
});

test('a broken traceparent counts as none, and takes its tracestate with it', () => {
  for (const traceparent of [
    `${TRACEPARENT}x`,
    `${TRACEPARENT}-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    TRACEPARENT.toUpperCase(),
    '',
  ]) {
    const headers = new RequestHeaderMap('GET', '/', 'h', ['traceparent', traceparent, 'tracestate', 'a=b']);
    assert.equal(extract(headers, true)?.context, undefined, traceparent);
    assert.equal(headers.get('tracestate'), undefined);
  }
});

test('a context goes out the way it came in, in place of the old one', () => {
  const context = { traceId: PARENT, spanId: SPAN, parentId: '' };
  const multi = new RequestHeaderMap('GET', '/', 'h', [
    'x-b3-parentspanid',
    'old',
    'tracestate',
    'a=b',
    'traceparent',
    'old',
  ]);
  inject(multi, { context, sampled: true, style: 'b3-multi', w3c: true });
  assert.deepEqual(multi.raw, [
    'tracestate', 'a=b', 'traceparent', `00-${'0'.repeat(16)}${PARENT}-${SPAN}-01`,
    'x-b3-traceid', PARENT, 'x-b3-spanid', SPAN, 'x-b3-sampled', '1',
  ]); // prettier-ignore
  const single = new RequestHeaderMap('GET', '/', 'h', []);
  inject(single, { context: { ...context, parentId: PARENT }, sampled: false, style: 'b3-single', w3c: false });
  assert.deepEqual(single.raw, ['b3', `${PARENT}-${SPAN}-0-${PARENT}`]);
});
