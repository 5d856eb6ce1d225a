import type { Prng } from './random.ts';
import type { FuzzTarget } from './target.ts';

const MAX_BYTES = 16 * 1024;
const NASTY = [0, 1, 9, 10, 13, 32, 0x2c, 0x3a, 0x7f, 0x80, 0xff];

/** Another input made from one or two of the corpus. */
export function mutated(target: FuzzTarget, corpus: readonly Buffer[], random: Prng): Buffer {
  let input = random.pick(corpus);
  if (random.chance(6)) input = spliced(input, random.pick(corpus), random);
  for (let times = 1 + random.below(4); times > 0; times -= 1)
    input =
      target.mutate !== undefined && random.chance(2) ? target.mutate(input, random) : step(input, target, random);
  return input.subarray(0, MAX_BYTES);
}

function spliced(a: Buffer, b: Buffer, random: Prng): Buffer {
  return Buffer.concat([a.subarray(0, random.below(a.length + 1)), b.subarray(random.below(b.length + 1))]);
}

function step(input: Buffer, target: FuzzTarget, random: Prng): Buffer {
  const at = random.below(input.length + 1);
  const to = Math.min(input.length, at + 1 + random.below(8));
  const insert = (bytes: Buffer, until = at): Buffer =>
    Buffer.concat([input.subarray(0, at), bytes, input.subarray(until)]);
  switch (random.below(7)) {
    case 0:
      return flipped(input, random);
    case 1:
      return insert(
        Buffer.from([random.chance(2) ? random.pick(NASTY) : random.below(256)]),
        random.chance(2) ? at : to,
      );
    case 2:
      return insert(Buffer.alloc(0), to);
    case 3:
      return insert(input.subarray(at, Math.min(input.length, at + random.below(64))));
    case 4:
      return target.words.length === 0
        ? flipped(input, random)
        : insert(random.pick(target.words), random.chance(2) ? at : to);
    case 5:
      return input.subarray(0, at);
    default:
      return insert(Buffer.alloc(1 + random.below(300), input[at] ?? 0x61));
  }
}

function flipped(input: Buffer, random: Prng): Buffer {
  if (input.length === 0) return Buffer.from([random.below(256)]);
  const copy = Buffer.from(input);
  const at = random.below(copy.length);
  copy[at] = (copy[at] as number) ^ (1 << random.below(8));
  return copy;
}
