import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { frame, FrameReader, meetingPlace, nodePath } from './messages.ts';

describe('messages between parent and child', () => {
  it('come whole out of whatever pieces they arrive in', () => {
    const bytes = Buffer.concat([frame({ kind: 'hello' }), frame({ kind: 'stats', text: 'ä' })]);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reader = new FrameReader();
      const messages = [...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut))];
      assert.deepEqual(messages, [{ kind: 'hello' }, { kind: 'stats', text: 'ä' }]);
    }
  });

  it('are refused from who speaks something else', () => {
    assert.throws(() => new FrameReader().push(Buffer.from('GET / HTTP/1.1\r\n')), /does not speak/);
  });

  it('meet by base id and epoch, with a file or without', () => {
    assert.equal(nodePath(meetingPlace('@weft_domain_socket', 7, 1)), '\0weft_domain_socket_7_1');
    assert.equal(nodePath(meetingPlace('/run/weft', 7, 1)), '/run/weft_7_1');
  });
});
