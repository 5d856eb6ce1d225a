import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transport } from '@weft/core-bytes';
import { socketAddress, type DownstreamConnection } from '@weft/core-http';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import { TlsOnPlaintext } from './tls-on-plaintext.ts';

const HELLO = Buffer.from('160301020001', 'hex');

function setUp(tls = false) {
  const runtime = createFakeRuntime();
  const counter = createNullScope().counter('c');
  const logger = runtime.loggers.get('connection');
  const guard = new TlsOnPlaintext('in', counter, { clock: runtime.clock, logger });
  const done: string[] = [];
  const transport = {
    write: (bytes: Buffer) => done.push(bytes.toString('hex')) > 0,
    close: () => done.push('close'),
  } as unknown as Transport;
  const info: DownstreamConnection = {
    id: 1,
    localAddress: socketAddress('127.0.0.1', 80),
    directRemoteAddress: socketAddress('10.0.0.1', 999),
    tls,
    requestedServerName: '',
  };
  return { refuses: (bytes: Buffer) => guard.refuses(bytes, info, transport), done, counter, runtime, info };
}

test('a client that speaks TLS to plaintext HTTP gets an alert, and is named', () => {
  const { refuses, done, counter, runtime, info } = setUp();
  assert.equal(refuses(HELLO), true);
  assert.deepEqual(done, ['1503010002020a', 'close']);
  assert.equal(counter.value, 1);
  assert.equal(info.terminationDetails, 'tls_on_plaintext_listener');
  assert.match(
    runtime.logged.join(''),
    /listener "in" speaks plaintext HTTP, but the client 10\.0\.0\.1:999 sent a TLS/,
  );
  refuses(HELLO);
  assert.equal(runtime.logged.length, 1);
});

test('whatever else comes first is left to the codec', () => {
  assert.equal(setUp().refuses(Buffer.from('GET / HTTP/1.1\r\n')), false);
  assert.equal(setUp().refuses(Buffer.from('\x16\x01')), false);
  assert.equal(setUp(true).refuses(HELLO), false);
});
