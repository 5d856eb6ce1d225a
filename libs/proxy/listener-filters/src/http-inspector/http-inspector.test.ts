import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONTINUE } from '@weft/proxy-filter-api';
import { bytewise, createFilterWorld, FakeAccepted, feed } from '../accepted.testing.ts';
import { httpInspectorFactory } from './http-inspector.ts';
import { MAX_REQUEST_LINE_BYTES, recogniseHttp, type HttpGuess } from './recognise-http.ts';

const rows: [string, HttpGuess][] = [
  ['GET / HTTP/1.1\r\n', 'http/1.1'],
  ['GET / HTTP/1.1\n', 'http/1.1'],
  ['\r\nPOST http://a/b HTTP/1.0\r\nhost: a\r\n', 'http/1.0'],
  ['BADTOKEN /x HTTP/1.1\r\n', 'http/1.1'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'h2c'],
  ['PRI * HTTP/2.0\r\n\r\nXM\r\n\r\n', 'none'],
  ['GET / HTTP/1.2\r\n', 'none'],
  ['GET /\r\n', 'none'],
  ['abc defg\r\n', 'none'],
  ['SSH-2.0-x\r\n', 'none'],
  ['\x16\x03\x01', 'none'],
  ['GET \x00', 'none'],
  ['GET /\x1e HTTP/1.1\r\n', 'none'],
  ['', 'more'],
  ['P', 'more'],
  ['GET', 'more'],
  ['GET /some/path', 'more'],
  ['GET / HTTP/1.1\r', 'more'],
];

describe('http_inspector', () => {
  for (const [text, guess] of rows)
    it(`takes ${JSON.stringify(text)} for ${guess}`, () => {
      assert.equal(recogniseHttp(Buffer.from(text, 'latin1')), guess);
    });

  it('never judges by a part what it would judge otherwise by the whole', () => {
    for (const [text, guess] of rows)
      for (let cut = 0; cut < text.length; cut += 1) {
        const early = recogniseHttp(Buffer.from(text.slice(0, cut), 'latin1'));
        if (early !== 'more') assert.equal(early, guess, JSON.stringify(text.slice(0, cut)));
      }
  });

  it('gives up on endless request lines', () => {
    assert.equal(recogniseHttp(Buffer.alloc(MAX_REQUEST_LINE_BYTES + 1, 'a')), 'none');
  });

  it('sets the application protocol, counts, and leaves the bytes', () => {
    const { prepared, count } = createFilterWorld(httpInspectorFactory, {});
    const request = Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const { connection, passed, piecesRead } = feed((cx) => prepared.create(cx), ...bytewise(request));
    assert.ok(passed);
    assert.equal(piecesRead, 16);
    assert.deepEqual(connection.applicationProtocols, ['http/1.1']);
    assert.equal(connection.bytes.length, 16);
    assert.equal(count('http_inspector.http11_found'), 1);
    feed((cx) => prepared.create(cx), Buffer.from('\0'));
    assert.equal(count('http_inspector.http_not_found'), 1);
  });

  it('leaves TLS alone', () => {
    const { prepared } = createFilterWorld(httpInspectorFactory, {});
    const connection = new FakeAccepted();
    connection.transportProtocol = 'tls';
    assert.equal(prepared.create(connection).onAccept(), CONTINUE);
  });
});
