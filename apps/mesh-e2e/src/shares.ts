import assert from 'node:assert/strict';
import { call, type HttpCall, type HttpReply } from '@weft/testing-harness';

/** How many replies of each kind there were. */
export type Shares = Readonly<Record<string, number>>;

/** Sends a request `count` times, several at once, and counts the replies by what `kindOf` makes of each. */
export async function countReplies(
  request: HttpCall,
  count: number,
  kindOf: (reply: HttpReply) => string,
): Promise<Shares> {
  const shares: Record<string, number> = {};
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const kind = kindOf(await call(request));
      shares[kind] = (shares[kind] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return shares;
}

/**
 * Asserts that `kind` has the share that it should have, within 4.89 standard deviations: 7.7 points for a half of 1000. One
 * count in a million is outside of that by chance, so that a suite that is run every day does not fail by it.
 */
export function assertShare(shares: Shares, kind: string, expected: number): void {
  const total = Object.values(shares).reduce((sum, each) => sum + each, 0);
  const share = (shares[kind] ?? 0) / total;
  const margin = 4.89 * Math.sqrt((expected * (1 - expected)) / total);
  const message = `${kind} has ${share} of ${total}, expected ${expected} ± ${margin.toFixed(3)}`;
  assert.ok(Math.abs(share - expected) <= margin, message);
}
