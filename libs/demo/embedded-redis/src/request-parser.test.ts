import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProtocolError, RequestParser } from './request-parser.ts';

const STREAM = '*2\r\n$3\r\nGET\r\n$3\r\na\r\n\r\nPING hello\r\n\r\n*1\r\n$4\r\nQUIT\r\n';
const COMMANDS = [['GET', 'a\r\n'], ['PING', 'hello'], ['QUIT']];

function texts(commands: readonly (readonly Buffer[])[]): string[][] {
  return commands.map((command) => command.map(String));
}

describe('a stream of bytes is cut into commands', () => {
  it('when it comes at once', () => {
    assert.deepEqual(texts(new RequestParser().push(Buffer.from(STREAM))), COMMANDS);
  });

  for (const size of [1, 2, 3, 7])
    it(`when it comes in pieces of ${size}`, () => {
      const parser = new RequestParser();
      const commands: Buffer[][] = [];
      for (let at = 0; at < STREAM.length; at += size)
        commands.push(...parser.push(Buffer.from(STREAM.slice(at, at + size))).map((command) => [...command]));
      assert.deepEqual(texts(commands), COMMANDS);
    });

  it('with empty arguments, bytes of any kind, and arrays of nothing', () => {
    const bytes = Buffer.concat([
      Buffer.from('*0\r\n*-1\r\n*2\r\n$0\r\n\r\n$2\r\n'),
      Buffer.from([0, 255]),
      Buffer.from('\r\n'),
    ]);
    assert.deepEqual(new RequestParser().push(bytes), [[Buffer.alloc(0), Buffer.from([0, 255])]]);
  });
});

describe('what is no command is refused', () => {
  const WRONG: readonly (readonly [string, RegExp])[] = [
    ['*x\r\n', /invalid multibulk length/],
    ['*1\r\n:3\r\n', /expected '\$', got ':'/],
    ['*1\r\n$-1\r\n', /invalid bulk length/],
    ['*1\r\n$99999999999\r\n', /invalid bulk length/],
    ['*9999999999\r\n', /invalid multibulk length/],
    ['x'.repeat(70_000), /too big inline request/],
  ];
  for (const [text, message] of WRONG)
    it(JSON.stringify(text.slice(0, 20)), () => {
      assert.throws(
        () => new RequestParser().push(Buffer.from(text)),
        (error) => error instanceof ProtocolError && message.test(error.message),
      );
    });
});
