import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ChildServer, type Answer } from './child-server.ts';
import type { Request } from './messages.ts';
import { ParentClient } from './parent-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'weft-child-'));
after(() => rmSync(folder, { recursive: true }));

class Owner {
  gone = 0;
  onRequest(request: Request): Promise<Answer> {
    if (request.kind === 'terminate') return Promise.reject(new Error('not yet'));
    return Promise.resolve({ value: request.kind });
  }
  onChildGone(): void {
    this.gone += 1;
  }
}

describe('a process that waits for its successor', () => {
  it('answers requests in turn, with values or with sentences', async () => {
    const path = join(folder, 'a');
    const owner = new Owner();
    const server = await ChildServer.listen(path, 0o600, owner);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const client = new ParentClient(path);
    const [stats, refused, drain] = await Promise.allSettled([
      client.ask({ kind: 'stats' }),
      client.ask({ kind: 'terminate' }),
      client.ask({ kind: 'drain' }),
    ]);
    assert.deepEqual(stats, { status: 'fulfilled', value: 'stats' });
    assert.match(String(refused.status === 'rejected' && refused.reason), /not yet/);
    assert.deepEqual(drain, { status: 'fulfilled', value: 'drain' });
    client.close();
    while (owner.gone === 0) await new Promise((resolve) => setImmediate(resolve));
    server.close();
  });

  it('closes on who speaks something else, and lives on', async () => {
    const path = join(folder, 'b');
    const server = await ChildServer.listen(path, 0o600, new Owner());
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x03\0\0\0{{{']) {
      const socket = connect(path);
      socket.on('error', () => undefined);
      socket.write(Buffer.from(bytes, 'latin1'));
      await once(socket, 'close');
    }
    const client = new ParentClient(path);
    assert.equal(await client.ask({ kind: 'stats' }), 'stats');
    client.close();
    server.close();
  });

  it('tells its clients when it is gone', async () => {
    const path = join(folder, 'c');
    const lost = new ParentClient(path);
    const gone = new Promise<void>((resolve) => (lost.onGone = resolve));
    await assert.rejects(lost.ask({ kind: 'stats' }), /the parent process is gone/);
    await gone;
  });

  it('takes the place of a dead one, and not of one that lives', async () => {
    const path = join(folder, 'd');
    const living = await ChildServer.listen(path, 0o600, new Owner());
    await assert.rejects(ChildServer.listen(path, 0o600, new Owner()), { code: 'EADDRINUSE' });
    living.close();
    // Node removes a socket's file when it closes, so a dead one's is made by moving it away meanwhile.
    const dead = createServer().listen(`${path}.x`);
    await once(dead, 'listening');
    renameSync(`${path}.x`, path);
    dead.close();
    await once(dead, 'close');
    assert.ok(existsSync(path));
    (await ChildServer.listen(path, 0o600, new Owner())).close();
  });
});
