import type { ConfigNode, MapNode } from '@weft/core-config-text';
import { extensionNamed, httpFilterNamed } from './extension-names.ts';
import type { MapEdit } from './map-edit.ts';

export const TYPE_URL = 'type.googleapis.com/';

/** Extensions by older names, with an untyped `config`, or with no configuration where there is nothing to configure. */
export function upgradeExtension(edit: MapEdit, typeName: string): void {
  const name = edit.text('name');
  if (name === undefined) return;
  const known = extensionNamed(typeName, name);
  if (known === undefined) return;
  if (known.type !== '') upgradeConfig(edit, known.type);
  if (known.name !== name)
    edit.rewrite('name', known.name, `"${name}" is an older name: the v3 form is name: ${known.name}`);
}

/** Puts the type beside a configuration that has none: `config`, an empty `typed_config`, or nothing. */
export function upgradeConfig(edit: MapEdit, type: string): void {
  const config = edit.get('config');
  const typed = edit.get('typed_config');
  if (config?.kind === 'map') edit.replace('config', { typed_config: withType(config, type) });
  else if (typed === undefined && edit.get('config_discovery') === undefined) {
    edit.rewrite(
      'typed_config',
      { '@type': TYPE_URL + type },
      `has no type: the v3 form is typed_config: {"@type": ${TYPE_URL}${type}}`,
    );
  } else if (typed?.kind === 'map' && typed.entries.size === 0) {
    edit.rewrite(
      'typed_config',
      { '@type': TYPE_URL + type },
      `has no type: the v3 form is typed_config: {"@type": ${TYPE_URL}${type}}`,
    );
  }
}

/** The same map with an "@type" before everything else. */
export function withType(map: MapNode, type: string): MapNode {
  const url: ConfigNode = { kind: 'scalar', offset: map.offset, value: TYPE_URL + type, text: TYPE_URL + type };
  return { ...map, entries: new Map([['@type', { offset: map.offset, value: url }], ...map.entries]) };
}

/** Settings of HTTP filters for one route: untyped ones, and those under a filter's older name. */
export function upgradePerFilterConfig(edit: MapEdit): void {
  const untyped = edit.get('per_filter_config');
  if (untyped?.kind === 'map') {
    const typed: Record<string, ConfigNode> = {};
    for (const [key, { value }] of untyped.entries) {
      const filter = httpFilterNamed(key);
      typed[filter?.name ?? key] =
        value.kind === 'map' && filter?.perRoute !== undefined ? withType(value, filter.perRoute) : value;
    }
    edit.replace('per_filter_config', { typed_per_filter_config: typed });
    return;
  }
  const map = edit.get('typed_per_filter_config');
  if (map?.kind !== 'map' || ![...map.entries.keys()].some((key) => isOlderName(key))) return;
  const names = [...map.entries].map(([key, entry]): [string, ConfigNode] => [
    httpFilterNamed(key)?.name ?? key,
    entry.value,
  ]);
  edit.rewrite(
    'typed_per_filter_config',
    Object.fromEntries(names),
    `has older names of filters: the v3 names are ${names.map(([name]) => name).join(', ')}`,
  );
}

function isOlderName(key: string): boolean {
  const filter = httpFilterNamed(key);
  return filter !== undefined && filter.name !== key;
}
