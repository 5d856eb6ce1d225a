import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SharedSockets } from './shared-sockets.ts';

const wish = (address: string, listener = 'l') => ({ listener, address, reusePort: false });
const alone = { duplicate: (fd: number) => fd + 100, inherited: () => undefined };

describe('the listening sockets of workers', () => {
  it('are bound as configured where there is one worker', async () => {
    assert.deepEqual(await new SharedSockets(1, alone).claim(wish('127.0.0.1:80'), 0), {});
  });

  it('share a port that is configured', async () => {
    const sockets = new SharedSockets(2, alone);
    assert.deepEqual(await sockets.claim(wish('127.0.0.1:80'), 0), { reusePort: true });
    assert.deepEqual(await sockets.claim(wish('127.0.0.1:80'), 1), { reusePort: true });
  });

  it('all have the port that the first worker got for 0', async () => {
    const sockets = new SharedSockets(2, alone);
    const second = sockets.claim(wish('127.0.0.1:0'), 1);
    const other = sockets.claim(wish('127.0.0.1:0', 'other'), 1);
    sockets.bound(wish('127.0.0.1:0'), 0, { port: 4711, fd: 7 });
    sockets.bound(wish('127.0.0.1:0', 'other'), 0, { port: 4712, fd: 8 });
    assert.deepEqual(await second, { port: 4711, reusePort: true });
    assert.deepEqual(await other, { port: 4712, reusePort: true });
    assert.deepEqual(await sockets.claim(wish('127.0.0.1:0'), 1), { port: 4711, reusePort: true });
  });

  it('are duplicates of one where it has a path', async () => {
    const sockets = new SharedSockets(2, alone);
    assert.deepEqual(await sockets.claim(wish('/run/x.sock'), 0), {});
    sockets.bound(wish('/run/x.sock'), 0, { port: 0, fd: 7 });
    assert.deepEqual(await sockets.claim(wish('/run/x.sock'), 1), { fd: 107 });
  });

  it('come from the process before, where it has them', async () => {
    const sockets = new SharedSockets(2, { ...alone, inherited: (_wish, worker) => (worker === 0 ? 33 : undefined) });
    assert.deepEqual(await sockets.claim(wish('127.0.0.1:80'), 0), { fd: 33 });
    assert.deepEqual(await sockets.claim(wish('127.0.0.1:80'), 1), { reusePort: true });
  });

  it('are waited for no longer than the first worker lives', async () => {
    const sockets = new SharedSockets(2, alone);
    const waiting = sockets.claim(wish('127.0.0.1:0'), 1);
    sockets.fail(new Error('the port is taken'));
    await assert.rejects(waiting, /the port is taken/);
    await assert.rejects(sockets.claim(wish('127.0.0.1:0'), 1), /the port is taken/);
  });

  it('are forgotten when they are released', () => {
    const sockets = new SharedSockets(1, alone);
    sockets.bound(wish('127.0.0.1:80'), 0, { port: 80, fd: 7 });
    assert.equal(sockets.all.length, 1);
    sockets.released(wish('127.0.0.1:80'), 0);
    assert.equal(sockets.all.length, 0);
  });
});
