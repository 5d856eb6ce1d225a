/**
 * Labels out of the node's metadata: the texts of the object under `key`, which other values are `''` among.
 * Source: `bootstrap_metadata_labels_key`.
 */
export function stringLabels(
  nodeMetadata: Readonly<Record<string, unknown>> | undefined,
  key: string,
): Readonly<Record<string, string>> {
  const found = nodeMetadata !== undefined && Object.hasOwn(nodeMetadata, key) ? nodeMetadata[key] : undefined;
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return {};
  return Object.fromEntries(
    Object.entries(found).map(([name, value]) => [name, typeof value === 'string' ? value : '']),
  );
}
