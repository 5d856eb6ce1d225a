/**
 * The fields that Weft implements, by message type: proto names. Decoders export what they read; a field that is set and
 * listed nowhere is reported by name, never silently ignored. An empty list is a message known to have no effect. By the
 * type of an enum: those of its values that are implemented, if not all are.
 */
export type FieldSupport = Readonly<Record<string, readonly string[]>>;

/** One list from the lists of many decoders. Two that speak of the same message add up. */
export function mergeSupport(lists: readonly FieldSupport[]): FieldSupport {
  const merged: Record<string, string[]> = {};
  for (const list of lists) {
    for (const [type, fields] of Object.entries(list))
      merged[type] = [...new Set([...(merged[type] ?? []), ...fields])];
  }
  return merged;
}
