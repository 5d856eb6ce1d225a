import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { fastify } from 'fastify';
import { traceHeaders } from './fastify-plugin.ts';
import { outgoingTraceHeaders } from './trace-headers.ts';

test('a handler finds the trace headers of its own request, with a body or without', async () => {
  const app = fastify();
  await app.register(traceHeaders);
  app.route({ method: ['GET', 'POST'], url: '/', handler: () => Promise.resolve(outgoingTraceHeaders()) });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const call = async (init: RequestInit): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}/`, init)).json();
  try {
    const [get, post] = await Promise.all([
      call({ headers: { traceparent: '00-a-b-01', 'x-other': 'no' } }),
      call({ method: 'POST', headers: { b3: '0', 'content-type': 'application/json' }, body: '{"a":1}' }),
    ]);
    assert.deepEqual(get, { traceparent: '00-a-b-01' });
    assert.deepEqual(post, { b3: '0' });
  } finally {
    await app.close();
  }
});
