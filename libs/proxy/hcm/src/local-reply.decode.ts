import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { DataSource } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type { SubstitutionFormatString } from '@weft/api-envoy/gen/envoy/config/core/v3/substitution_format_string_pb';
import type {
  LocalReplyConfig as Message,
  ResponseMapper as MapperMessage,
} from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { decodeAccessLogFilter, decodeLogFormat } from '@weft/observe-access-log';
import { decodeHeaderMutation } from '@weft/model-policy';
import type { LocalReplyConfig, LocalReplyFormat, ResponseMapper } from './local-reply-config.ts';
import { readBody } from './read-body.ts';

const PACKAGE = 'envoy.extensions.filters.network.http_connection_manager.v3';

export const localReplySupport: FieldSupport = {
  [`${PACKAGE}.LocalReplyConfig`]: ['mappers', 'body_format'],
  [`${PACKAGE}.ResponseMapper`]: ['filter', 'status_code', 'body', 'body_format_override', 'headers_to_add'],
  'envoy.config.core.v3.SubstitutionFormatString': ['content_type'],
};

/** Source: HttpConnectionManager.local_reply_config. Faults go to `cx`. */
export function decodeLocalReply(message: Message | undefined, cx: DecodeContext): LocalReplyConfig | undefined {
  if (message === undefined) return undefined;
  return {
    mappers: message.mappers.flatMap((mapper, i) => decodeMapper(mapper, cx.at('mappers', i)) ?? []),
    format: decodeFormat(message.bodyFormat, cx.at('body_format')),
  };
}

function decodeMapper(message: MapperMessage, cx: DecodeContext): ResponseMapper | undefined {
  const filter = message.filter === undefined ? undefined : decodeAccessLogFilter(message.filter, cx.at('filter'));
  const body = message.body === undefined ? undefined : readText(message.body, cx.at('body'));
  const format = decodeFormat(message.bodyFormatOverride, cx.at('body_format_override'));
  const headers = decodeHeaderMutation({ direction: 'response', add: message.headersToAdd, remove: [] }, cx);
  if (message.filter === undefined) cx.at('filter').error('is missing');
  if (filter === undefined) return undefined;
  return { filter, status: message.statusCode ?? 0, body, format, headers };
}

function decodeFormat(message: SubstitutionFormatString | undefined, cx: DecodeContext): LocalReplyFormat | undefined {
  if (message === undefined) return undefined;
  const format = decodeLogFormat(message, cx);
  if (format === undefined) return undefined;
  const contentType = message.contentType || (format.kind === 'json' ? 'application/json' : 'text/plain');
  return { format, contentType };
}

function readText({ specifier }: DataSource, cx: DecodeContext): string | undefined {
  switch (specifier.case) {
    case 'inlineString':
      return specifier.value;
    case 'inlineBytes':
      return Buffer.from(specifier.value).toString();
    case 'filename':
    case 'environmentVariable':
      try {
        const { case: kind, value } = specifier;
        const source = kind === 'filename' ? { filename: value } : { environmentVariable: value };
        return Buffer.from(readBody(source)).toString();
      } catch (error) {
        cx.error(`cannot be read: ${(error as Error).message}`);
        return undefined;
      }
    default:
      return undefined;
  }
}
