import type { Any } from '@bufbuild/protobuf/wkt';
import type { DiscoveryResponse, Resource } from '@weft/api-envoy/gen/envoy/service/discovery/v3/discovery_pb';
import { typeNameOfUrl } from '@weft/api-envoy';
import { decode, encode } from './proto.ts';
import { streamMethod } from './services.ts';
import { ttlMsOf } from './ttl.ts';
import type { WireProtocol, WireRequest, WireResource, WireResponse } from './wire-protocol.ts';

const WRAPPER = 'envoy.service.discovery.v3.Resource';

/** State of the world: each request names everything that is wanted, the last answer stands for all before it. */
export const stateOfTheWorld: WireProtocol = {
  answersEach: false,
  method: (typeName) => streamMethod(typeName, 'Stream'),
  encode: (request) => encode('envoy.service.discovery.v3.DiscoveryRequest', discoveryRequest(request)),
  decode: (octets) => {
    const message = decode<DiscoveryResponse>('envoy.service.discovery.v3.DiscoveryResponse', octets);
    return message === undefined ? undefined : wireResponse(message);
  },
};

/** The fields of a DiscoveryRequest, for streams and polling. */
export function discoveryRequest({ typeUrl, node, names, before, version, nonce, error }: WireRequest): object {
  return {
    typeUrl,
    ...(node === undefined ? {} : { node }),
    resourceNames: namesOf(names, before),
    versionInfo: version,
    responseNonce: nonce,
    ...(error === undefined ? {} : { errorDetail: { code: 3, message: error } }),
  };
}

/** Who never named anything on a stream and wants everything sends no names: servers older than `*` know nothing else. */
function namesOf(names: ReadonlySet<string>, before: ReadonlySet<string> | undefined): string[] {
  const onlyAll = names.has('*') && names.size === (names.has('') ? 2 : 1);
  return onlyAll && (before === undefined || before.has('')) ? [] : [...names].filter((name) => name !== '');
}

export function wireResponse(message: DiscoveryResponse): WireResponse {
  const { versionInfo, resources, typeUrl, nonce, controlPlane, resourceErrors } = message;
  return {
    kind: 'full',
    typeUrl,
    nonce,
    version: versionInfo,
    resources: resources.map((any) => unwrap(any, versionInfo)),
    removed: [],
    errors: resourceErrors.map((error) => ({
      name: error.resourceName?.name ?? '',
      message: error.errorDetail?.message ?? '',
    })),
    controlPlane: controlPlane?.identifier ?? '',
  };
}

function unwrap(any: Any, version: string): WireResource {
  const wrapped = typeNameOfUrl(any.typeUrl) === WRAPPER ? decode<Resource>(WRAPPER, any.value) : undefined;
  if (wrapped === undefined) return { name: '', aliases: [], version, any, ttlMs: undefined };
  const { name, resourceName, aliases, resource, ttl } = wrapped;
  return {
    name: name || (resourceName?.name ?? ''),
    aliases,
    version: wrapped.version || version,
    any: resource,
    ttlMs: ttlMsOf(ttl),
  };
}
