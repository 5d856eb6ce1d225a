import type { ConnectionMetadata } from '@weft/core-http';

/** The chosen namespaces of metadata; of several sources the first that has one. */
export function chosenMetadata(
  namespaces: readonly string[],
  ...sources: readonly (ConnectionMetadata | undefined)[]
): Readonly<Record<string, unknown>> {
  const chosen: Record<string, unknown> = {};
  for (const namespace of namespaces) {
    const found = sources.find((source) => source?.has(namespace) === true)?.get(namespace);
    if (found !== undefined) chosen[namespace] = found;
  }
  return chosen;
}
