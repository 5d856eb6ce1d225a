// The ways in which a proxy stops, from the gentlest to the end.
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { afterEach, describe, it } from 'node:test';
import { call, connectionManager, listener, routesOf, startWeft, type RunningProxy } from '@weft/testing-harness';

type Json = Readonly<Record<string, unknown>>;
const answering = (name: string): Json =>
  connectionManager(name, routesOf({ match: { prefix: '/' }, direct_response: { status: 200 } }));
const bootstrap = {
  static_resources: {
    listeners: [
      { ...listener('in', answering('in')), traffic_direction: 'INBOUND' },
      { ...listener('out', answering('out')), traffic_direction: 'OUTBOUND' },
    ],
  },
};

let proxy: RunningProxy;
const start = async (...args: readonly string[]): Promise<void> => {
  proxy = await startWeft({ bootstrap, args });
};
afterEach(() => proxy.stop('SIGKILL'));

/** What one request over a kept connection is told of that connection. */
function connectionHeader(port: number, agent: Agent): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.headers.connection));
    });
    outgoing.on('error', reject).end();
  });
}

async function closings(port: number, requests: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let closed = 0;
  for (let i = 0; i < requests; i += 1) if ((await connectionHeader(port, agent)) === 'close') closed += 1;
  agent.destroy();
  return closed;
}

async function refuses(port: number): Promise<boolean> {
  return call({ port }).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
  );
}

describe('a proxy that drains', () => {
  it('closes ever more connections over the drain time, and accepts until it is over', async () => {
    await start('--drain-time-s', '600');
    assert.equal(await closings(proxy.port('in'), 20), 0);
    await proxy.ask('/drain_listeners?graceful', 'POST');
    // Of ten minutes no noticeable part is over: hardly a response closes yet.
    assert.ok((await closings(proxy.port('in'), 50)) < 10);
    assert.equal(await refuses(proxy.port('in')), false);
    assert.equal((await proxy.ask('/ready')).status, 200);
  });

  it('stops its listeners when the drain time is over', async () => {
    await start('--drain-time-s', '1');
    await proxy.ask('/drain_listeners?graceful', 'POST');
    await proxy.statReaches('listener_manager.listener_stopped', (value) => value === 2);
    assert.equal(await refuses(proxy.port('in')), true);
    assert.equal((await proxy.ask('/ready')).status, 200);
  });

  it('closes every connection at once where the strategy is immediate, and stays open with skip_exit', async () => {
    await start('--drain-time-s', '1', '--drain-strategy', 'immediate');
    await proxy.ask('/drain_listeners?graceful&skip_exit', 'POST');
    assert.equal(await closings(proxy.port('in'), 10), 10);
    assert.equal(await closings(proxy.port('out'), 10), 10);
    assert.equal(await refuses(proxy.port('in')), false);
  });

  it('leaves outgoing traffic alone where it is told so', async () => {
    await start('--drain-time-s', '1', '--drain-strategy', 'immediate');
    await proxy.ask('/drain_listeners?graceful&inboundonly', 'POST');
    assert.equal(await closings(proxy.port('in'), 10), 10);
    assert.equal(await closings(proxy.port('out'), 10), 0);
    await proxy.statReaches('listener_manager.listener_stopped', (value) => value === 1);
    assert.equal(await refuses(proxy.port('in')), true);
    assert.equal(await refuses(proxy.port('out')), false);
  });

  it('stops accepting at once without grace', async () => {
    await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await connectionHeader(proxy.port('in'), agent);
    await proxy.ask('/drain_listeners', 'POST');
    assert.equal(await refuses(proxy.port('out')), true);
    // A connection that was open still gets an answer.
    await connectionHeader(proxy.port('in'), agent);
    agent.destroy();
  });

  it('closes connections while its health check fails, and no longer', async () => {
    await start();
    await proxy.ask('/healthcheck/fail', 'POST');
    assert.equal((await proxy.ask('/ready')).status, 503);
    assert.equal(await closings(proxy.port('in'), 5), 5);
    await proxy.ask('/healthcheck/ok', 'POST');
    assert.equal((await proxy.ask('/ready')).status, 200);
    assert.equal(await closings(proxy.port('in'), 5), 0);
  });
});
