import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { HttpConnectionManager } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { CustomHeaderConfig } from '@weft/api-envoy/gen/envoy/extensions/http/original_ip_detection/custom_header/v3/custom_header_pb';
import type { XffConfig } from '@weft/api-envoy/gen/envoy/extensions/http/original_ip_detection/xff/v3/xff_pb';
import { decodeCidr } from '@weft/model-match';
import type { OriginalIpDetector } from './original-ip.ts';

const PACKAGE = 'envoy.extensions.http.original_ip_detection';
const XFF = `${PACKAGE}.xff.v3.XffConfig`;
const CUSTOM_HEADER = `${PACKAGE}.custom_header.v3.CustomHeaderConfig`;

export const originalIpSupport: FieldSupport = {
  [XFF]: ['xff_num_trusted_hops', 'xff_trusted_cidrs', 'skip_xff_append'],
  [`${PACKAGE}.xff.v3.XffTrustedCidrs`]: ['cidrs'],
  [CUSTOM_HEADER]: ['header_name', 'allow_extension_to_set_address_as_trusted', 'reject_with_status'],
  'envoy.type.v3.HttpStatus': ['code'],
};

/** Source: HttpConnectionManager.original_ip_detection_extensions. Faults go to `cx`, which stands at the connection manager. */
export function decodeOriginalIp(message: HttpConnectionManager, cx: DecodeContext): OriginalIpDetector[] {
  const list = message.originalIpDetectionExtensions;
  const place = cx.at('original_ip_detection_extensions');
  if (list.length > 0 && message.useRemoteAddress === true) place.error('do not go with use_remote_address');
  if (list.length > 0 && message.xffNumTrustedHops > 0) place.error('do not go with xff_num_trusted_hops');
  return list.flatMap((extension, i): OriginalIpDetector[] => {
    const at = place.at(i, 'typed_config');
    const config = at.unpack(extension.typedConfig);
    if (config === undefined) return [];
    if (config.$typeName === XFF) return [decodeXff(config as XffConfig, at)];
    if (config.$typeName === CUSTOM_HEADER) return [decodeCustomHeader(config as CustomHeaderConfig)];
    at.later(`the detector ${config.$typeName}`, { expected: `${XFF} or ${CUSTOM_HEADER}` });
    return [];
  });
}

function decodeXff(message: XffConfig, cx: DecodeContext): OriginalIpDetector {
  const cidrs = message.xffTrustedCidrs?.cidrs ?? [];
  if (message.xffTrustedCidrs !== undefined && message.xffNumTrustedHops > 0)
    cx.error('has both xff_num_trusted_hops and xff_trusted_cidrs', { expected: 'one of them' });
  return {
    kind: 'xff',
    hops: message.xffNumTrustedHops,
    trusted: cidrs.flatMap((range, i) => decodeCidr(range, cx.at('xff_trusted_cidrs', 'cidrs', i)) ?? []),
    skipAppend: message.skipXffAppend ?? true,
  };
}

function decodeCustomHeader(message: CustomHeaderConfig): OriginalIpDetector {
  const code = message.rejectWithStatus?.code ?? 0;
  return {
    kind: 'custom_header',
    header: message.headerName.toLowerCase(),
    trusted: message.allowExtensionToSetAddressAsTrusted,
    // Only errors refuse: anything else becomes 403.
    rejectStatus: message.rejectWithStatus === undefined ? 0 : code >= 400 && code <= 511 ? code : 403,
  };
}
