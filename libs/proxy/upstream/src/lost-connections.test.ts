import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import { testCluster, type TestRequest } from './testing.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A small generator of numbers: the same test takes the same steps each time. */
function steps(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

function answer(response: ServerResponse, what: number): void {
  const { socket } = response;
  if (what === 0) socket?.destroy();
  else if (what === 1) socket?.end();
  else if (what === 2) response.setHeader('connection', 'close').end('bye');
  else if (what === 3) socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n');
  else if (what === 4) socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
  else if (what === 5) socket?.end('nonsense\r\n\r\n');
  else if (what > 6) response.end('ok');
}

for (const seed of [11, 12, 13, 14])
  test(`no count stays behind, whatever happens to connections of HTTP/1.1 (${seed})`, async () => {
    const draw = steps(seed);
    let well = false;
    const server = createServer((_request, response) => answer(response, well ? 7 : draw(14)));
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const limits = 'max_connections: 4, max_pending_requests: 8, max_requests: 10, track_remaining: true';
    const w = testCluster(
      [(server.address() as AddressInfo).port],
      `circuit_breakers: {thresholds: [{${limits}}]}\ncommon_http_protocol_options: {max_requests_per_connection: 7}`,
    );
    const open: TestRequest[] = [];
    for (let i = 0; i < 200; i += 1) {
      const what = draw(6);
      if (what < 3) open.push(w.request(`/${i}`));
      else if (what === 3) open[draw(open.length || 1)]?.stream?.reset('local reset');
      else await new Promise((resolve) => setImmediate(resolve));
    }
    const underWay = (): number => w.stat('upstream_rq_active') + w.stat('upstream_rq_pending_active');
    for (let round = 0; round < 200 && underWay() > 0; round += 1) {
      for (const request of open) request.stream?.reset('local reset');
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(underWay(), 0);
    const remaining = ['remaining_rq', 'remaining_pending'].map((name) => w.stat(`circuit_breakers.default.${name}`));
    assert.deepEqual(remaining, [10, 8]);
    const { rqActive, rqPendingActive } = w.cluster.hosts[0]!.stats;
    assert.deepEqual([rqActive, rqPendingActive], [0, 0]);
    well = true;
    const last = await w.request('/last').over();
    assert.equal(last.body || last.resetReason, 'ok');
    w.cluster.drain();
  });
