import { parseFormat } from '@weft/observe-access-log';
import { HeaderFormat } from '@weft/model-policy';
import type { HttpFilter, FilterStream } from '@weft/proxy-filter-api';
import { STOP } from '@weft/proxy-filter-api';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LocalReplyConfig, LocalReplyFormat, ResponseMapper } from './local-reply-config.ts';
import { world } from './testing.ts';

function text(format: string, contentType = 'text/plain'): LocalReplyFormat {
  return { format: { kind: 'text', parts: parseFormat(format).parts, omitEmptyValues: false }, contentType };
}
function onStatus(value: number, changes: Partial<ResponseMapper>): ResponseMapper {
  return {
    filter: { kind: 'status_code', comparison: { op: 'EQ', value, runtimeKey: '' } },
    status: 0,
    body: undefined,
    format: undefined,
    headers: { add: [], remove: [] },
    ...changes,
  };
}

/** The response to a request for which a filter says 503. */
function reply(localReply: LocalReplyConfig, headers = ''): { lines: string[]; logged: string[] } {
  const refuse = (stream: FilterStream): HttpFilter => ({
    onRequestHeaders: () => {
      stream.reply({ status: 503, body: 'sorry', details: 'test' });
      return STOP;
    },
  });
  const server = world({ localReply }, refuse);
  const answer = server.send(`GET /p HTTP/1.1\r\nhost: a\r\n${headers}\r\n`);
  return {
    lines: answer.split('\r\n').filter((line) => line !== '' && !line.startsWith('date')),
    logged: server.logged,
  };
}

describe('local_reply_config', () => {
  it('writes all bodies in one format', () => {
    const { lines } = reply({ mappers: [], format: text('<%LOCAL_REPLY_BODY% %RESPONSE_CODE%>', 'text/x') });
    assert.deepEqual(lines, ['HTTP/1.1 503 Service Unavailable', 'content-length: 11', 'content-type: text/x', 'server: envoy', '<sorry 503>']); // prettier-ignore
  });

  it('lets the first mapper that matches change status, body and headers', () => {
    const value = new HeaderFormat(['yes']);
    const addition = { name: 'x-mapped', value, action: 'OVERWRITE_IF_EXISTS_OR_ADD', keepEmpty: false } as const;
    const headers = { add: [addition], remove: [] };
    const mappers = [
      onStatus(404, { status: 400 }),
      onStatus(503, { status: 500, body: 'mapped', headers }),
      onStatus(503, { status: 501 }),
    ];
    const { lines, logged } = reply({ mappers, format: undefined });
    assert.equal(lines[0], 'HTTP/1.1 500 Internal Server Error');
    assert.ok(lines.includes('x-mapped: yes'));
    assert.equal(lines.at(-1), 'mapped');
    assert.deepEqual(logged, ['500 test']);
  });

  it('prefers the format of the mapper', () => {
    const mappers = [onStatus(503, { format: text('%REQ(:PATH)%') })];
    assert.equal(reply({ mappers, format: text('other') }).lines.at(-1), '/p');
  });

  it('speaks gRPC to gRPC clients', () => {
    const { lines } = reply(
      { mappers: [], format: text('<%LOCAL_REPLY_BODY%>\n') },
      'content-type: application/grpc\r\n',
    );
    assert.ok(lines.includes('grpc-status: 14'));
    assert.ok(lines.includes('grpc-message: <sorry>'));
  });
});
