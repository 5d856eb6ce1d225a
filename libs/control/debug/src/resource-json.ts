import { fromBinary, type JsonObject } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { configToJson } from '@weft/api-envoy';
import type { Resource, Snapshot } from '@weft/xds-server';

const shown = new WeakMap<Resource, JsonObject>();

/** A resource as Envoy's dumps show it: `@type` first, and what is sensitive redacted. */
export function resourceJson(resource: Resource): JsonObject {
  let json = shown.get(resource);
  if (json === undefined) shown.set(resource, (json = configToJson(fromBinary(AnySchema, resource.any)) as JsonObject));
  return json;
}

/** All resources of a type, by name. */
export function resourcesOf(snapshot: Snapshot, typeUrl: string): Resource[] {
  return [...snapshot.resources(typeUrl).values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
