import { ResponseHeaderMap } from '@weft/core-http';
import { createFilter, createFormatter, type FormatEnvironment, type Formatter } from '@weft/observe-access-log';
import { applyMutations, type HeaderMutations } from '@weft/model-policy';
import type { RuntimeSnapshot } from '@weft/core-runtime';
import type { FilterStream, LocalReply } from '@weft/proxy-filter-api';
import { localReplyHead, type LocalReplyMessage } from './local-reply.ts';
import type { LocalReplyConfig, LocalReplyFormat } from './local-reply-config.ts';

interface Format {
  readonly write: Formatter;
  readonly contentType: string;
}

interface Mapper {
  readonly matches: ReturnType<typeof createFilter>;
  readonly status: number;
  readonly body: string | undefined;
  readonly format: Format | undefined;
  readonly headers: HeaderMutations;
}

/** Local replies as `local_reply_config` wants them. One for each connection manager. */
export class LocalReplyRewriter {
  private readonly mappers: readonly Mapper[];
  private readonly format: Format | undefined;

  constructor(config: LocalReplyConfig, environment: FormatEnvironment & { readonly flags: RuntimeSnapshot }) {
    const compile = (format: LocalReplyFormat | undefined): Format | undefined =>
      format && { write: createFormatter(format.format, environment), contentType: format.contentType };
    this.format = compile(config.format);
    this.mappers = config.mappers.map(({ filter, status, body, format, headers }) => ({
      matches: createFilter(filter, environment),
      status,
      body,
      format: compile(format),
      headers: [headers],
    }));
  }

  write(reply: LocalReply, stream: FilterStream): LocalReplyMessage {
    const { info, requestHeaders } = stream;
    // The filters ask for the status that the stream would have without them.
    info.responseCode = reply.status;
    const plain = new ResponseHeaderMap(reply.status, [...(reply.headers ?? [])]);
    const about = { info, request: requestHeaders, response: plain, trailers: undefined };
    const mapper = this.mappers.find(({ matches }) => matches(about));
    const status = mapper === undefined || mapper.status === 0 ? reply.status : mapper.status;
    const text = mapper?.body ?? reply.body;
    plain.status = status;
    info.responseCode = status;
    if (mapper !== undefined) applyMutations(mapper.headers, plain, stream);
    const format = mapper?.format ?? this.format;
    const body = format === undefined ? text : format.write({ ...about, localReplyBody: text });
    return localReplyHead({ ...reply, status, body, headers: plain.raw }, requestHeaders, format?.contentType);
  }
}
