import { toJson, type JsonObject } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { Locality as LocalityProto, Node } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type { Locality } from './locality.ts';
import type { XdsNode } from './node.ts';

export function decodeNode(node: Node): XdsNode {
  const { locality, userAgentVersionType: version } = node;
  return {
    id: node.id,
    cluster: node.cluster,
    locality: decodeLocality(locality),
    metadata: node.metadata === undefined ? {} : (structToJson(node.metadata) as JsonObject),
    userAgentName: node.userAgentName,
    userAgentVersion: version.case === 'userAgentVersion' ? version.value : buildVersion(node),
    clientFeatures: node.clientFeatures,
  };
}

export function decodeLocality(locality: LocalityProto | undefined): Locality {
  return { region: locality?.region ?? '', zone: locality?.zone ?? '', subZone: locality?.subZone ?? '' };
}

function buildVersion({ userAgentVersionType: type }: Node): string {
  if (type.case !== 'userAgentBuildVersion' || type.value.version === undefined) return '';
  const { majorNumber, minorNumber, patch } = type.value.version;
  return `${String(majorNumber)}.${String(minorNumber)}.${String(patch)}`;
}

/** protobuf-es already reads a Struct field as plain JSON; a Struct message is turned into it. */
function structToJson(metadata: object): unknown {
  if (!('$typeName' in metadata)) return metadata;
  const schema = registry().getMessage('google.protobuf.Struct');
  return schema === undefined ? {} : toJson(schema, metadata as never);
}
