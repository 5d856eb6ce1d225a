import { formatCountsBytes, type AccessLogFilterConfig, type LogFormat } from '@weft/observe-access-log';
import type { HeaderMutation } from '@weft/model-policy';

/** How bodies of local replies are written. */
export interface LocalReplyFormat {
  readonly format: LogFormat;
  readonly contentType: string;
}

/** The first that matches a local reply changes it. Source: envoy…http_connection_manager.v3.ResponseMapper. */
export interface ResponseMapper {
  readonly filter: AccessLogFilterConfig;
  /** 0 leaves it. */
  readonly status: number;
  /** Undefined leaves it. */
  readonly body: string | undefined;
  readonly format: LocalReplyFormat | undefined;
  readonly headers: HeaderMutation;
}

/** Source: envoy…http_connection_manager.v3.LocalReplyConfig. */
export interface LocalReplyConfig {
  readonly mappers: readonly ResponseMapper[];
  /** Undefined: the body alone, as text/plain. */
  readonly format: LocalReplyFormat | undefined;
}

/** True where a body tells what streams cost on the wire. */
export function localReplyCountsBytes(config: LocalReplyConfig | undefined): boolean {
  if (config === undefined) return false;
  return [config.format, ...config.mappers.map(({ format }) => format)].some(
    (body) => body !== undefined && formatCountsBytes(body.format),
  );
}
