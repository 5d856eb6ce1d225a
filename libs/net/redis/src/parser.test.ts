import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeCommand, encodeResp } from './encode.ts';
import { RespParser, type RespParserOptions } from './parser.ts';
import { arrayOf, bulk, errorOf, integer, simple, type RespValue } from './value.ts';

function parse(
  pieces: readonly (Buffer | string)[],
  options?: RespParserOptions,
): { values: RespValue[]; fault: string | undefined } {
  const values: RespValue[] = [];
  const parser = new RespParser({ onValue: (value) => values.push(value) }, options);
  let fault: string | undefined;
  for (const piece of pieces)
    fault ??= parser.push(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : Buffer.from(piece));
  return { values, fault };
}

// Each of them as it is encoded again.
const WIRE = [
  '+OK\r\n',
  '-ERR no\r\n',
  ':-12\r\n',
  '$3\r\na\r\n\r\n',
  '$0\r\n\r\n',
  '$-1\r\n',
  '*-1\r\n',
  '*0\r\n',
  '*2\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n',
  '_\r\n',
  ',1.5\r\n',
  ',inf\r\n',
  '#t\r\n',
  '(12345678901234567890123\r\n',
  '!5\r\nERR x\r\n',
  '=7\r\ntxt:abc\r\n',
  '%1\r\n$1\r\na\r\n:1\r\n',
  '~2\r\n:1\r\n:2\r\n',
  '>2\r\n+message\r\n+x\r\n',
];

test('every kind of value is read, and written again as it was', () => {
  for (const wire of WIRE) {
    const { values, fault } = parse([wire]);
    assert.equal(fault, undefined, wire);
    assert.equal(values.length, 1, wire);
    assert.equal(encodeResp(...values).toString('latin1'), wire);
  }
});

test('bytes may be cut anywhere', () => {
  const whole = Buffer.from(WIRE.join(''), 'latin1');
  for (let cut = 0; cut <= whole.length; cut += 1) {
    const { values, fault } = parse([whole.subarray(0, cut), whole.subarray(cut)]);
    assert.deepEqual([values.length, fault], [WIRE.length, undefined], `cut at ${cut}`);
    assert.equal(encodeResp(...values).toString('latin1'), whole.toString('latin1'));
  }
  const bytes = parse(Array.from(whole, (_, i) => whole.subarray(i, i + 1)));
  assert.equal(encodeResp(...bytes.values).toString('latin1'), whole.toString('latin1'));
});

test('a long bulk in many pieces is joined once', () => {
  const body = Buffer.alloc(5_000_000, 'x');
  const wire = encodeResp(bulk(body), simple('next'));
  const pieces = Array.from({ length: Math.ceil(wire.length / 1000) }, (_, i) =>
    wire.subarray(i * 1000, i * 1000 + 1000),
  );
  const { values } = parse(pieces);
  assert.equal((values[0] as { bytes: Buffer }).bytes.equals(body), true);
  assert.deepEqual(values[1], simple('next'));
});

test('attributes are read and left out, wherever they stand', () => {
  const { values } = parse(['|1\r\n+ttl\r\n:5\r\n*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n']);
  assert.deepEqual(values, [arrayOf([integer(1), integer(2)])]);
});

test('a command is an array of bulks', () => {
  assert.equal(encodeCommand(['SET', Buffer.from('k'), 'é']).toString(), '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\né\r\n');
});

test('inline commands are read where they are asked for', () => {
  const wire = 'PING\r\n\r\n  GET  key \n*1\r\n$4\r\nPING\r\n';
  for (let cut = 0; cut <= wire.length; cut += 1) {
    const { values } = parse([wire.slice(0, cut), wire.slice(cut)], { inlineCommands: true });
    assert.deepEqual(values, [arrayOf([bulk('PING')]), arrayOf([bulk('GET'), bulk('key')]), arrayOf([bulk('PING')])]);
  }
  assert.match(parse(['PING\r\n']).fault ?? '', /unknown type/);
});

test('what is no RESP ends the reading with a sentence', () => {
  const table: [wire: string, fault: RegExp][] = [
    [':1x\r\n', /no integer/],
    ['$abc\r\n', /no length/],
    ['$-2\r\n', /no length/],
    ['$1\r\nab\r\n', /does not end where/],
    ['+a\rb\r\n', /CR without LF/],
    ['*2000000\r\n', /more than 1,048,576/],
    ['$600000000\r\n', /longer than 512 MiB/],
    [`+${'x'.repeat(70_000)}`, /longer than 64 KiB/],
    ['*1\r\n'.repeat(40), /too deeply/],
    ['%-1\r\n', /no length/],
    ['$?\r\n', /no length/],
    ['_x\r\n', /null has a value/],
    ['#x\r\n', /no boolean/],
    [',x\r\n', /no double/],
  ];
  for (const [wire, expected] of table) {
    const { fault, values } = parse([wire, '+OK\r\n']);
    assert.match(fault ?? '', expected, wire);
    assert.equal(values.length, 0);
  }
});

test('a receiver may stop the reading', () => {
  const values: RespValue[] = [];
  const parser: RespParser = new RespParser({
    onValue: (value) => {
      values.push(value);
      parser.stop();
    },
  });
  parser.push(Buffer.from('+a\r\n+b\r\n'));
  parser.push(Buffer.from('+c\r\n'));
  assert.deepEqual(values, [simple('a')]);
});

test('errors and integers are made from text and numbers', () => {
  assert.equal(encodeResp(errorOf('ERR x'), integer(12n)).toString(), '-ERR x\r\n:12\r\n');
});
