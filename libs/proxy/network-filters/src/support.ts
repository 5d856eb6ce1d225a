import { mergeSupport, type FieldSupport } from '@weft/api-envoy';
import { supported as tcpProxySupport } from './tcp-proxy/config.decode.ts';

/** The fields of Envoy's API that this library implements. */
export const networkFilterSupport: FieldSupport = mergeSupport([tcpProxySupport]);
