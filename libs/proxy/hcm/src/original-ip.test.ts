import { CidrRange } from '@weft/model-match';
import { decodeCidr } from '@weft/model-match';
import { DecodeContext, sourceNamed } from '@weft/api-envoy';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OriginalIpDetector } from './original-ip.ts';
import { ok, world } from './testing.ts';

function range(text: string): CidrRange {
  const [addressPrefix = '', bits] = text.split('/');
  const decoded = decodeCidr(
    { addressPrefix, prefixLen: Number(bits) } as never,
    new DecodeContext(sourceNamed('test')),
  );
  assert.ok(decoded instanceof CidrRange);
  return decoded;
}

/** Who the client of a request from 10.0.0.9 is found to be, or the status of its refusal. */
function found(
  detectors: OriginalIpDetector[],
  headers: string,
): { who: string; internal: boolean; xff: string | undefined } {
  const server = world({ originalIpDetectors: detectors, internalRanges: [range('10.0.0.0/8')] }, ok);
  const answer = server.send(`GET / HTTP/1.1\r\nhost: a\r\n${headers}\r\n`);
  const stream = server.streams[0]!;
  const status = Number(answer.slice(9, 12));
  if (status === 200)
    return {
      who: stream.info.remoteAddress.ip,
      internal: stream.internalRequest,
      xff: stream.requestHeaders.get('x-forwarded-for'),
    };
  assert.equal(server.stat('downstream_rq_rejected_via_ip_detection'), 1);
  return { who: String(status), internal: false, xff: undefined };
}

const XFF = { kind: 'xff', hops: 0, trusted: [], skipAppend: true } as const;
const HEADER = { kind: 'custom_header', header: 'x-real', trusted: false, rejectStatus: 0 } as const;

describe('the original address of a client', () => {
  it('is found in x-forwarded-for, so many hops from its end', () => {
    const list = 'x-forwarded-for: 1.1.1.1, 2.2.2.2,3.3.3.3\r\n';
    assert.equal(found([XFF], list).who, '3.3.3.3');
    assert.equal(found([{ ...XFF, hops: 2 }], list).who, '1.1.1.1');
    assert.equal(found([{ ...XFF, hops: 3 }], list).who, '10.0.0.9', 'the peer, where the list is too short');
    assert.equal(found([XFF], 'x-forwarded-for: nobody\r\n').who, '10.0.0.9');
    const appending = { ...XFF, skipAppend: false };
    assert.equal(found([appending], list).xff, '1.1.1.1, 2.2.2.2,3.3.3.3,10.0.0.9');
    assert.equal(found([appending], 'x-forwarded-for: bad\r\n').xff, 'bad,10.0.0.9');
    assert.equal(found([appending], '').xff, '10.0.0.9');
  });

  it('is not hidden in a second field', () => {
    const fields = 'x-forwarded-for: 1.1.1.1\r\nx-forwarded-for: 2.2.2.2\r\n';
    assert.equal(found([], 'x-forwarded-for: bad\r\n').who, '10.0.0.9');
    assert.equal(found([], 'x-forwarded-for: 1.2.3.4:80\r\n').who, '10.0.0.9');
    for (const detectors of [[], [XFF]]) {
      const { who, xff, internal } = found(detectors, fields);
      assert.deepEqual([who, xff, internal], ['2.2.2.2', '1.1.1.1,2.2.2.2', false]);
    }
  });

  it('is the last one that is no trusted proxy, if the peer is one', () => {
    const trusting = { ...XFF, trusted: [range('10.0.0.0/8'), range('3.0.0.0/8')] };
    assert.equal(found([trusting], 'x-forwarded-for: 1.1.1.1,2.2.2.2,3.3.3.3,10.1.1.1\r\n').who, '2.2.2.2');
    assert.equal(found([trusting], 'x-forwarded-for: 3.1.1.1,3.3.3.3\r\n').who, '3.1.1.1');
    const distrusting = { ...XFF, trusted: [range('3.0.0.0/8')] };
    assert.equal(found([distrusting], 'x-forwarded-for: 1.1.1.1,3.3.3.3\r\n').who, '10.0.0.9');
  });

  it('may be internal only where nobody stands between, or the header is trusted', () => {
    assert.equal(found([XFF], 'x-forwarded-for: 10.1.1.1\r\n').internal, true);
    assert.equal(found([XFF], 'x-forwarded-for: 1.1.1.1,10.1.1.1\r\n').internal, false);
    assert.equal(found([HEADER], 'x-real: 10.1.1.1\r\n').internal, false);
    assert.equal(found([{ ...HEADER, trusted: true }], 'x-real: 10.1.1.1\r\n').internal, true);
  });

  it('is found by the first that knows it, or the request is refused', () => {
    assert.equal(found([HEADER, XFF], 'x-forwarded-for: 3.3.3.3\r\n').who, '3.3.3.3');
    assert.equal(found([HEADER, XFF], 'x-real: ::5\r\nx-forwarded-for: 3.3.3.3\r\n').who, '::5');
    assert.equal(found([{ ...HEADER, rejectStatus: 401 }, XFF], 'x-forwarded-for: 3.3.3.3\r\n').who, '401');
  });
});
