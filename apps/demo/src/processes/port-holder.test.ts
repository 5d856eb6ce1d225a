import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listeningInodes } from './port-holder.ts';

const TABLE = [
  '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11111 1 0 100 0 0 10 0',
  '   1: 0100007F:1F90 0100007F:D2A0 01 00000000:00000000 00:00000000 00000000     0        0 22222 1 0 20 4 30 10 -1',
  '   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 33333 1 0 100 0 0 10 0',
  '',
];

test('the sockets that listen on a port are found, and connections to it are not', () => {
  assert.deepEqual(listeningInodes(TABLE, 8080), ['11111']);
  assert.deepEqual(listeningInodes(TABLE, 80), ['33333']);
  assert.deepEqual(listeningInodes(TABLE, 81), []);
});
