import { nearest } from '@weft/core-config-text';

/** The name that people call a proxy by: `videos-api-1.default`, from its node id; the id itself where it has another form. */
export function proxyName(nodeId: string): string {
  const [, , name = ''] = nodeId.split('~');
  return name === '' ? nodeId : name;
}

/**
 * The node that is meant by an id, `name.namespace`, `namespace/name`, a name that only one has, or the beginning of one.
 * A text says why none is.
 */
export function findNode(nodeIds: readonly string[], wanted: string): { readonly id: string } | string {
  const slash = /^([^/]+)\/([^/]+)$/.exec(wanted);
  const text = slash === null ? wanted : `${slash[2] ?? ''}.${slash[1] ?? ''}`;
  const tests: readonly ((id: string) => boolean)[] = [
    (id) => id === wanted,
    (id) => proxyName(id) === text,
    (id) => proxyName(id).split('.')[0] === text,
    (id) => proxyName(id).startsWith(text),
  ];
  for (const test of tests) {
    const matching = [...new Set(nodeIds.filter(test))];
    if (matching.length > 1) return `"${wanted}" may be any of ${matching.map(proxyName).join(', ')}`;
    if (matching[0] !== undefined) return { id: matching[0] };
  }
  const names = nodeIds.map(proxyName);
  const suggestion = nearest(wanted, [...names, ...names.map((name) => name.split('.')[0] ?? name)]);
  const hint = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`;
  return `no proxy "${wanted}" is connected${hint}`;
}
