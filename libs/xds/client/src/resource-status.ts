import type { Any } from '@bufbuild/protobuf/wkt';
import type { Fault } from '@weft/api-envoy';

/** Source: envoy.admin.v3.ClientResourceStatus. */
export type ClientStatus = 'REQUESTED' | 'DOES_NOT_EXIST' | 'ACKED' | 'NACKED';

/** One resource, for /config_dump and client status discovery. */
export interface ResourceStatus {
  readonly name: string;
  /** The version in force; `''` where none is. */
  readonly version: string;
  /** When that came into force, in milliseconds since the Unix epoch; 0: never. */
  readonly updatedMs: number;
  readonly clientStatus: ClientStatus;
  /** NACKED: what was refused. Source: envoy.admin.v3.UpdateFailureState. */
  readonly error: UpdateFailure | undefined;
}

export interface UpdateFailure {
  readonly failedConfiguration: Any;
  readonly lastAttemptMs: number;
  readonly faults: readonly Fault[];
  /** Of the refused one. */
  readonly version: string;
}
