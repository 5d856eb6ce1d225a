import type { Duration } from '@bufbuild/protobuf/wkt';

/** Milliseconds of a proto Duration (with a fraction), or `otherwise` where it is absent. */
export function durationMs(duration: Duration | undefined, otherwise: number): number {
  return duration === undefined ? otherwise : Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}
