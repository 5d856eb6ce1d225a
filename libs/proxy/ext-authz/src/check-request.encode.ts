import { create, toBinary } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { SocketAddress } from '@weft/core-http';
import type { CheckAttributes, HttpAttributes, Peer } from './check-attributes.ts';
import { textOfBytes, textOfHeader } from './text-of-header.ts';

const REQUEST = 'envoy.service.auth.v3.CheckRequest';

/** A CheckRequest in protobuf's form. */
export function encodeCheckRequest(attributes: CheckAttributes): Uint8Array {
  const { source, destination, request, contextExtensions, metadata, routeMetadata, sni } = attributes;
  const desc = registry().getMessage(REQUEST)!;
  const message = create(desc, {
    attributes: {
      source: peer(source),
      destination: peer(destination),
      ...(request === undefined ? {} : { request: { time: timestamp(request.startWallMs), http: http(request.http) } }),
      contextExtensions,
      metadataContext: { filterMetadata: metadata },
      ...(routeMetadata === undefined ? {} : { routeMetadataContext: { filterMetadata: routeMetadata } }),
      ...(sni === undefined ? {} : { tlsSession: { sni } }),
    },
  } as Record<string, unknown>);
  return toBinary(desc, message);
}

function peer({ address, service, principal, certificate, labels }: Peer): object {
  return { address: addressMessage(address), service, principal, certificate, labels };
}

function addressMessage({ ip, port }: SocketAddress): object {
  const pipe = ip.startsWith('/') || ip.startsWith('@');
  return {
    address: pipe
      ? { case: 'pipe', value: { path: ip } }
      : { case: 'socketAddress', value: { address: ip, portSpecifier: { case: 'portValue', value: port } } },
  };
}

function timestamp(wallMs: number): object {
  const seconds = Math.floor(wallMs / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((wallMs - seconds * 1000) * 1e6) };
}

function http(request: HttpAttributes): object {
  const { id, method, path, host, scheme, sizeBytes, protocol, headers, rawHeaders, body, bodyAsBytes } = request;
  return {
    id,
    method: textOfHeader(method),
    path: textOfHeader(path),
    host: textOfHeader(host),
    scheme: textOfHeader(scheme),
    size: BigInt(sizeBytes),
    protocol,
    ...(rawHeaders
      ? { headerMap: { headers: headers.map(([key, value]) => ({ key, rawValue: Buffer.from(value, 'latin1') })) } }
      : { headers: Object.fromEntries(headers.map(([key, value]) => [key, textOfHeader(value)])) }),
    ...(body === undefined ? {} : bodyAsBytes ? { rawBody: body } : { body: textOfBytes(body) }),
  };
}
