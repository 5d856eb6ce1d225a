import type { DeltaDiscoveryResponse } from '@weft/api-envoy/gen/envoy/service/discovery/v3/discovery_pb';
import { decode, encode } from './proto.ts';
import { streamMethod } from './services.ts';
import { ttlMsOf } from './ttl.ts';
import type { WireProtocol, WireRequest, WireResponse } from './wire-protocol.ts';

/** Incremental: requests tell how the names change, responses what changed, and each response is answered by itself. */
export const incremental: WireProtocol = {
  answersEach: true,
  method: (typeName) => streamMethod(typeName, 'Delta'),
  encode: (request) => encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', deltaRequest(request)),
  decode: (octets) => {
    const message = decode<DeltaDiscoveryResponse>('envoy.service.discovery.v3.DeltaDiscoveryResponse', octets);
    return message === undefined ? undefined : wireResponse(message);
  },
};

function deltaRequest(request: WireRequest): object {
  const { typeUrl, node, names, before, nonce, error } = request;
  const known = before ?? new Set<string>();
  const same = names === before;
  const fresh = same ? [] : [...names].filter((name) => !known.has(name));
  return {
    typeUrl,
    ...(node === undefined ? {} : { node }),
    // Who wants nothing but everything says so by naming nothing at first: servers older than `*` know nothing else.
    resourceNamesSubscribe: before === undefined && names.size === 1 && names.has('*') ? [] : fresh,
    resourceNamesUnsubscribe: same ? [] : [...known].filter((name) => name !== '' && !names.has(name)),
    initialResourceVersions: before === undefined ? request.versions() : {},
    responseNonce: nonce,
    ...(error === undefined ? {} : { errorDetail: { code: 3, message: error } }),
  };
}

function wireResponse(message: DeltaDiscoveryResponse): WireResponse {
  const { systemVersionInfo, resources, typeUrl, nonce, controlPlane, removedResources, removedResourceNames } =
    message;
  return {
    kind: 'incremental',
    typeUrl,
    nonce,
    version: systemVersionInfo,
    resources: resources.map(({ name, resourceName, aliases, version, resource, ttl }) => ({
      name: name || (resourceName?.name ?? ''),
      aliases,
      version,
      any: resource,
      ttlMs: ttlMsOf(ttl),
    })),
    removed: [...removedResources, ...removedResourceNames.map(({ name }) => name)],
    errors: message.resourceErrors.map((error) => ({
      name: error.resourceName?.name ?? '',
      message: error.errorDetail?.message ?? '',
    })),
    controlPlane: controlPlane?.identifier ?? '',
  };
}
