import type { JsonValue } from '@bufbuild/protobuf';
import type { DecodeContext } from '@weft/api-envoy';
import type { NodeMatcher as Message } from '@weft/api-envoy/gen/envoy/type/matcher/v3/node_pb';
import type { StructMatcher } from '@weft/api-envoy/gen/envoy/type/matcher/v3/struct_pb';
import { decodeStringMatcher } from '@weft/model-match';
import { decodeValueMatcher } from '@weft/model-rbac';
import type { XdsNode } from './node.ts';

/** A test of one node. */
export type NodeMatcher = (node: XdsNode) => boolean;

/** Source: envoy.type.matcher.v3.NodeMatcher: the id and all of the metadata have to match. Faults go to `cx`. */
export function decodeNodeMatcher({ nodeId, nodeMetadatas }: Message, cx: DecodeContext): NodeMatcher {
  const id = nodeId === undefined ? undefined : decodeStringMatcher(nodeId, cx.at('node_id'));
  const metadata = nodeMetadatas.map((one, i) => decodeMetadata(one, cx.at('node_metadatas', i)));
  return (node) => (id === undefined || id.matches(node.id)) && metadata.every((test) => test(node.metadata));
}

function decodeMetadata({ path, value }: StructMatcher, cx: DecodeContext): (metadata: JsonValue) => boolean {
  if (value === undefined) {
    cx.at('value').error('is missing', { expected: 'what to compare with' });
    return () => false;
  }
  const keys = path.map(({ segment }) => (segment.case === 'key' ? segment.value : ''));
  const matches = decodeValueMatcher(value, cx.at('value'));
  return (metadata) => matches?.(keys.reduce<JsonValue | undefined>(fieldOf, metadata)) === true;
}

function fieldOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? value[key] : undefined;
}
