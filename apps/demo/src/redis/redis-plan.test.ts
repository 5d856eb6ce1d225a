import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { planRedis } from './redis-plan.ts';

describe('the Redis of the demo', () => {
  it('is the one that REDIS_URL names', () => {
    const plan = { kind: 'url', url: 'redis://db.example:7000/0', host: 'db.example', port: 7000 };
    assert.deepEqual(planRedis({ REDIS_URL: 'redis://db.example:7000/0' }), plan);
    const local = { kind: 'url', url: 'redis://localhost', host: '127.0.0.1', port: 6379 };
    assert.deepEqual(planRedis({ REDIS_URL: 'redis://localhost' }), local);
  });

  it('is else redis-server from the path, if it can be run', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'weft-path-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const command = join(folder, 'redis-server');
    writeFileSync(command, '');
    chmodSync(command, 0o755);
    assert.deepEqual(planRedis({ PATH: `/nonexistent:${folder}`, REDIS_URL: '' }), { kind: 'server', command });
  });

  it('is else inside the demo', () => assert.deepEqual(planRedis({ PATH: '/nonexistent' }), { kind: 'embedded' }));

  const WRONG: readonly (readonly [string, RegExp])[] = [
    ['rediss://x', /expected redis:\/\/host:port/],
    ['x', /expected redis:\/\/host:port/],
    ['redis://:secret@x', /has a password/],
    ['redis://x/4', /names database 4/],
  ];
  for (const [url, message] of WRONG)
    it(`cannot be ${url}`, () => {
      assert.throws(
        () => planRedis({ REDIS_URL: url }),
        (error: Error) => message.test(error.message) && !error.message.includes('secret'),
      );
    });
});
