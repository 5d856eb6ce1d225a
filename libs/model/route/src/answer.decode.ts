import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { DataSource } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type {
  DirectResponseAction as DirectResponseMessage,
  RedirectAction as RedirectMessage,
} from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { decodeRegexRewrite } from '@weft/model-match';
import type { TableContext } from './decode-surroundings.ts';
import type { DirectResponseAction, PathRewrite, RedirectAction } from './route.ts';

export const answerSupport: FieldSupport = {
  'envoy.config.route.v3.RedirectAction': [
    'https_redirect',
    'scheme_redirect',
    'host_redirect',
    'port_redirect',
    'path_redirect',
    'prefix_rewrite',
    'regex_rewrite',
    'response_code',
    'strip_query',
  ],
  'envoy.config.route.v3.DirectResponseAction': ['status', 'body'],
  'envoy.config.core.v3.DataSource': ['filename', 'inline_bytes', 'inline_string', 'environment_variable'],
};

/** Envoy's enum by number. */
const REDIRECT_STATUS = [301, 302, 303, 307, 308] as const;

export function decodeRedirect(message: RedirectMessage, cx: DecodeContext): RedirectAction {
  const { schemeRewriteSpecifier: scheme, pathRewriteSpecifier: path } = message;
  if (path.case === 'pathRewrite') cx.at('path_rewrite').error('is not supported');
  return {
    kind: 'redirect',
    scheme: scheme.case === 'schemeRedirect' ? scheme.value.toLowerCase() : scheme.value ? 'https' : '',
    host: message.hostRedirect,
    port: message.portRedirect,
    path: path.case === 'pathRedirect' ? path.value : '',
    pathRewrite: decodeRedirectRewrite(message, cx),
    stripQuery: message.stripQuery,
    status: REDIRECT_STATUS[message.responseCode] ?? 301,
  };
}

function decodeRedirectRewrite(message: RedirectMessage, cx: DecodeContext): PathRewrite | undefined {
  const { pathRewriteSpecifier: path } = message;
  if (path.case === 'prefixRewrite') return { kind: 'prefix', replacement: path.value };
  if (path.case !== 'regexRewrite') return undefined;
  const rewrite = decodeRegexRewrite(path.value, cx.at('regex_rewrite'));
  return rewrite && { kind: 'regex', ...rewrite };
}

export function decodeDirectResponse(
  message: DirectResponseMessage,
  table: TableContext,
  cx: DecodeContext,
): DirectResponseAction | undefined {
  const at = cx.at('body');
  const body = message.body === undefined ? new Uint8Array() : readBody(message.body, table, at);
  if (body === undefined) return undefined;
  if (body.length > table.maxDirectResponseBytes) {
    at.error(`has ${body.length} bytes`, { expected: `at most ${table.maxDirectResponseBytes} bytes` });
    return undefined;
  }
  return { kind: 'direct_response', status: message.status, body: new TextDecoder().decode(body) };
}

function readBody(source: DataSource, table: TableContext, cx: DecodeContext): Uint8Array | undefined {
  const { specifier } = source;
  const { readBody: read } = table.options;
  switch (specifier.case) {
    case 'inlineString':
      return new TextEncoder().encode(specifier.value);
    case 'inlineBytes':
      return specifier.value;
    case undefined:
      return new Uint8Array();
    case 'filename':
    case 'environmentVariable':
      break;
  }
  const at = cx.at(specifier.case === 'filename' ? 'filename' : 'environment_variable');
  if (read === undefined) {
    at.error('cannot be read here', { expected: 'inline_string or inline_bytes' });
    return undefined;
  }
  try {
    return read(
      specifier.case === 'filename' ? { filename: specifier.value } : { environmentVariable: specifier.value },
    );
  } catch (error) {
    at.error(`"${specifier.value}" cannot be read: ${(error as Error).message}`);
    return undefined;
  }
}
