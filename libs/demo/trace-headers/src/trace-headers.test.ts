import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { outgoingTraceHeaders, pickTraceHeaders, runWithTraceHeaders } from './trace-headers.ts';

const CASES: readonly { readonly name: string; readonly passedOn: boolean }[] = [
  { name: 'traceparent', passedOn: true },
  { name: 'tracestate', passedOn: true },
  { name: 'x-request-id', passedOn: true },
  { name: 'b3', passedOn: true },
  { name: 'x-b3-traceid', passedOn: true },
  { name: 'x-b3-spanid', passedOn: true },
  { name: 'x-b3-parentspanid', passedOn: true },
  { name: 'x-b3-sampled', passedOn: true },
  { name: 'x-b3-flags', passedOn: true },
  { name: 'x-ot-span-context', passedOn: true },
  { name: 'uber-trace-id', passedOn: true },
  { name: 'uberctx-user', passedOn: true },
  { name: 'x-datadog-trace-id', passedOn: true },
  { name: 'x-datadog-sampling-priority', passedOn: true },
  { name: 'host', passedOn: false },
  { name: 'cookie', passedOn: false },
  { name: 'authorization', passedOn: false },
  { name: 'content-length', passedOn: false },
  { name: 'x-forwarded-for', passedOn: false },
];

for (const { name, passedOn } of CASES) {
  test(`${name} is ${passedOn ? 'passed on' : 'left out'}`, () => {
    assert.deepEqual(pickTraceHeaders({ [name]: 'v' }), passedOn ? { [name]: 'v' } : {});
  });
}

test('a header that came twice is joined', () => {
  assert.deepEqual(pickTraceHeaders({ tracestate: ['a=1', 'b=2'] as unknown as string }), { tracestate: 'a=1, b=2' });
});

test('outside a request there is nothing to pass on', () => {
  assert.deepEqual(outgoingTraceHeaders(), {});
});

test('requests served at the same time keep their own headers', async () => {
  const serve = (id: string): Promise<readonly (string | undefined)[]> =>
    runWithTraceHeaders({ 'x-request-id': id }, async () => {
      const before = outgoingTraceHeaders()['x-request-id'];
      await turn();
      return [before, outgoingTraceHeaders()['x-request-id']];
    });
  assert.deepEqual(await Promise.all([serve('one'), serve('two')]), [
    ['one', 'one'],
    ['two', 'two'],
  ]);
});
