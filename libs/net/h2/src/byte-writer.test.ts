import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from './byte-writer.ts';

test('numbers are written in network order, text as its low octets', () => {
  const out = new ByteWriter();
  out.byte(1);
  out.uint16(0x0203);
  out.uint24(0x040506);
  out.uint32(0xff08090a);
  out.latin1('é');
  out.latin1('x'.repeat(40));
  out.copy(Buffer.from('abcdef'), 2, 4);
  assert.equal(out.take().toString('latin1'), `\x01\x02\x03\x04\x05\x06\xff\x08\x09\x0aé${'x'.repeat(40)}cd`);
});

test('what is taken is not written to again', () => {
  const out = new ByteWriter();
  out.latin1('first');
  const first = out.take();
  out.latin1('other');
  assert.equal(first.toString(), 'first');
  assert.equal(out.take().toString(), 'other');
  assert.equal(out.take().length, 0);
});

test('grows as far as it must and keeps what was written', () => {
  const out = new ByteWriter();
  for (let i = 0; i < 10_000; i++) out.uint32(i);
  const taken = out.take();
  assert.equal(taken.length, 40_000);
  for (let i = 0; i < 10_000; i++) assert.equal(taken.readUInt32BE(i * 4), i);
});

test('holds no memory between a take and the next write', () => {
  const out = new ByteWriter();
  out.ensure(100_000);
  out.take();
  assert.equal(out.bytes.length, 0);
});
