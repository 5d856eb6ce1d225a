import { configToJson, formatFault } from '@weft/api-envoy';
import type { Json } from '@weft/observe-admin';
import type { ResourceStatus, TypeStatus, UpdateFailure } from '@weft/xds-client';

/** `error_state` and `client_status`, as the entries of a dump have them. */
export type FailureFields = Readonly<Record<string, Json>>;

/** The refused resources of one type, by name. */
export interface FailedResources {
  /** What to add to the entry of that name; nothing where it was not refused. */
  take(name: string): FailureFields;
  /** An entry for each that was not taken: nothing is in force under its name. */
  rest(entry: (fields: FailureFields, name: string) => Json): Json[];
}

/** What was refused last, as long as nothing better came. Source: envoy.admin.v3.UpdateFailureState. */
export function failuresOf(status: readonly TypeStatus[], typeName: string): FailedResources {
  const failed = new Map<string, FailureFields>();
  for (const { typeName: type, resources } of status)
    if (type === typeName) for (const one of resources) if (one.error !== undefined) failed.set(one.name, fields(one));
  const left = new Set(failed.keys());
  return {
    take: (name) => {
      left.delete(name);
      return failed.get(name) ?? {};
    },
    rest: (entry) => [...left].map((name) => entry(failed.get(name) as FailureFields, name)),
  };
}

function fields({ error, clientStatus }: ResourceStatus): FailureFields {
  return error === undefined ? {} : { error_state: failureState(error), client_status: clientStatus };
}

function failureState({ failedConfiguration, lastAttemptMs, faults, version }: UpdateFailure): Json {
  return {
    failed_configuration: readable(failedConfiguration),
    last_update_attempt: new Date(lastAttemptMs).toISOString(),
    details: faults.map(formatFault).join('\n'),
    ...(version === '' ? {} : { version_info: version }),
  };
}

/** What was refused may be what cannot be read. */
function readable(any: UpdateFailure['failedConfiguration']): Json {
  try {
    return configToJson(any) as Json;
  } catch {
    return { '@type': any.typeUrl };
  }
}
