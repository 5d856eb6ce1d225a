import { HeaderMap } from '@weft/core-http';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatGrpcTimeout, grpcTimeoutMs } from './grpc-timeout.ts';

describe('grpc-timeout', () => {
  it('is read in each of its units, and rounded up', () => {
    const cases = { '2H': 7_200_000, '1M': 60_000, '10S': 10_000, '250m': 250, '1u': 1, '1500u': 2, '1n': 1, '0m': 0 };
    for (const [value, ms] of Object.entries(cases))
      assert.equal(grpcTimeoutMs(new HeaderMap(['grpc-timeout', value])), ms, value);
  });

  it('is not there where it is malformed', () => {
    for (const value of ['', '1', 'm', '-1m', '123456789m', '1 m', '1ms', '1.5S'])
      assert.equal(grpcTimeoutMs(new HeaderMap(['grpc-timeout', value])), undefined, value);
    assert.equal(grpcTimeoutMs(new HeaderMap()), undefined);
  });

  it('is written in the finest unit that has room', () => {
    assert.equal(formatGrpcTimeout(1.2), '2m');
    assert.equal(formatGrpcTimeout(100_000_000), '100000S');
    assert.equal(formatGrpcTimeout(1e12), '16666667M');
  });
});
