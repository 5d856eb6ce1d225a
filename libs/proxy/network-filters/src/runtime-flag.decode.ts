import type { RuntimeFeatureFlag } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type { RuntimeSnapshot } from '@weft/core-runtime';

/** A switch that the runtime may turn. Source: envoy.config.core.v3.RuntimeFeatureFlag. */
export interface RuntimeFlag {
  readonly key: string;
  readonly byDefault: boolean;
}

/** Absent: on. */
export function runtimeFlagOf(message: RuntimeFeatureFlag | undefined): RuntimeFlag {
  return { key: message?.runtimeKey ?? '', byDefault: message?.defaultValue ?? true };
}

export function isOn({ key, byDefault }: RuntimeFlag, flags: RuntimeSnapshot): boolean {
  return key === '' ? byDefault : flags.boolean(key, byDefault);
}
