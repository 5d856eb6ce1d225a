import { parseFormat } from './format-parser.ts';
import type { LogFormat } from './formatter.ts';

/** Envoy's format for logs that have none of their own. */
export const DEFAULT_FORMAT_TEXT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

export const DEFAULT_FORMAT: LogFormat = {
  kind: 'text',
  parts: parseFormat(DEFAULT_FORMAT_TEXT).parts,
  omitEmptyValues: false,
};
