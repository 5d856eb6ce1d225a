import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { TlsInspector } from '@weft/api-envoy/gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb';

export const tlsInspectorSupport: FieldSupport = {
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector': [
    'enable_ja3_fingerprinting', 'enable_ja4_fingerprinting', 'initial_read_buffer_size',
    'close_connection_on_client_hello_parsing_errors', 'max_client_hello_size',
  ],
}; // prettier-ignore

/** Envoy's limit, and the largest that TLS itself takes in one message of ours. */
const DEFAULT_MAX_HELLO_BYTES = 16 * 1024;

export interface TlsInspectorConfig {
  readonly ja3: boolean;
  readonly ja4: boolean;
  /** Default 16 KiB. */
  readonly maxHelloBytes: number;
  /** A ClientHello that cannot be read ends the connection. Default false: the connection goes on as no TLS. */
  readonly closeOnParseError: boolean;
}

export function decodeTlsInspector(message: TlsInspector, _cx: DecodeContext): TlsInspectorConfig {
  return {
    ja3: message.enableJa3Fingerprinting ?? false,
    ja4: message.enableJa4Fingerprinting ?? false,
    maxHelloBytes: message.maxClientHelloSize ?? DEFAULT_MAX_HELLO_BYTES,
    closeOnParseError: message.closeConnectionOnClientHelloParsingErrors,
  };
}
