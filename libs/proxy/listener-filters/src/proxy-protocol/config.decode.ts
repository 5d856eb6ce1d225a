import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { ProxyProtocol } from '@weft/api-envoy/gen/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb';

export const proxyProtocolSupport: FieldSupport = {
  'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol': [
    'rules', 'allow_requests_without_proxy_protocol', 'pass_through_tlvs', 'disallowed_versions', 'stat_prefix', 'tlv_location',
  ],
  'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol.Rule': ['tlv_type', 'on_tlv_present'],
  'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol.KeyValuePair': [
    'metadata_namespace', 'key', 'value_string_encoding',
  ],
  'envoy.config.core.v3.ProxyProtocolPassThroughTLVs': ['match_type', 'tlv_type'],
}; // prettier-ignore

const DEFAULT_NAMESPACE = 'envoy.filters.listener.proxy_protocol';
const BASE64 = 2;

/** What becomes of TLVs of one type. */
export interface TlvRule {
  readonly tlvType: number;
  readonly namespace: string;
  readonly key: string;
  readonly encoding: 'utf8' | 'base64';
}

export interface ProxyProtocolConfig {
  readonly rules: readonly TlvRule[];
  readonly allowWithout: boolean;
  /** Whether TLVs of a type are kept for the upstream's PROXY header: all of them, or those of a list. */
  readonly passThrough: 'all' | ReadonlySet<number>;
  readonly disallowed: { readonly v1: boolean; readonly v2: boolean };
  readonly statPrefix: string;
  readonly location: 'metadata' | 'filter-state';
}

export function decodeProxyProtocol(message: ProxyProtocol, _cx: DecodeContext): ProxyProtocolConfig {
  const { passThroughTlvs, disallowedVersions } = message;
  const listed = new Set(passThroughTlvs?.tlvType ?? []);
  return {
    rules: message.rules.flatMap(({ tlvType, onTlvPresent }) =>
      onTlvPresent === undefined
        ? []
        : {
            tlvType,
            namespace: onTlvPresent.metadataNamespace === '' ? DEFAULT_NAMESPACE : onTlvPresent.metadataNamespace,
            key: onTlvPresent.key,
            encoding: onTlvPresent.valueStringEncoding === BASE64 ? 'base64' : 'utf8',
          },
    ),
    allowWithout: message.allowRequestsWithoutProxyProtocol,
    passThrough: passThroughTlvs !== undefined && passThroughTlvs.matchType === 0 ? 'all' : listed,
    disallowed: { v1: disallowedVersions.includes(0), v2: disallowedVersions.includes(1) },
    statPrefix: message.statPrefix,
    location: message.tlvLocation === 1 ? 'filter-state' : 'metadata',
  };
}
