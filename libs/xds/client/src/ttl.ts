import type { Duration } from '@bufbuild/protobuf/wkt';

/** How long a resource lives, in milliseconds. Undefined: until it is removed. */
export function ttlMsOf(ttl: Duration | undefined): number | undefined {
  return ttl === undefined ? undefined : Number(ttl.seconds) * 1000 + ttl.nanos / 1e6;
}
