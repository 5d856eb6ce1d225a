import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statsdAddress } from './statsd-address.ts';

test('an address stays as it is, a name becomes one', async () => {
  for (const text of ['', '127.0.0.1:8125', '[::1]:8125']) assert.equal(await statsdAddress(text), text);
  assert.match(await statsdAddress('localhost:8125'), /^(127\.0\.0\.1|\[::1\]):8125$/);
  await assert.rejects(statsdAddress('nowhere.invalid:8125'));
});
