import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { RESPONSE_FLAGS, ResponseFlag, responseFlagsLong, responseFlagsShort } from './response-flags.ts';

describe('response flags', () => {
  it('print as short forms what refused a retry first, and as - where none is set', () => {
    const flags = ResponseFlag.UpstreamRetryLimitExceeded | ResponseFlag.UpstreamConnectionFailure;
    assert.equal(responseFlagsShort(flags), 'URX,UF');
    assert.equal(responseFlagsLong(flags), 'UpstreamRetryLimitExceeded,UpstreamConnectionFailure');
    assert.equal(responseFlagsShort(0), '-');
    assert.equal(responseFlagsLong(0), '-');
  });

  it('are all explained in docs/errors.md, which explains no other', () => {
    const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
    const table = page.slice(page.indexOf('## Response flags'), page.indexOf('## Faults'));
    const rows = [...table.matchAll(/^\| ([A-Z]+) \| (\w+) \| .+ \| .+ \|$/gm)].map(([, short, name]) => ({
      name,
      short,
    }));
    assert.deepEqual(
      rows,
      RESPONSE_FLAGS.map(({ name, short }) => ({ name, short })),
    );
  });

  it('have one bit each', () => {
    const bits = Object.values(ResponseFlag);
    assert.equal(new Set(bits).size, bits.length);
    assert.equal(bits.reduce((sum, bit) => sum | bit, 0) >>> 0, 2 ** bits.length - 1);
  });

  it('of a connection of plain bytes print the failure before the limit of attempts, as in Envoy', () => {
    const flags = ResponseFlag.UpstreamRetryLimitExceeded | ResponseFlag.UpstreamConnectionFailure;
    assert.equal(responseFlagsShort(flags, true), 'UF,URX');
  });
});
