import { RequestHeaderMap, type StreamInfo } from '@weft/core-http';
import type { AccessLogConfig } from '@weft/observe-access-log';

/** Writes a line for what it is given, where its filter lets it pass. */
export interface AccessLogger {
  log(info: StreamInfo, request: RequestHeaderMap, response: undefined): void;
}

/** What network filters take from outside the filter chain. */
export interface NetworkFilterExtensions {
  /** Opens the files of these logs. Throws a sentence that names the one that cannot be opened. */
  accessLogs(configs: readonly AccessLogConfig[]): readonly AccessLogger[];
}

/** Bytes without HTTP have no headers: operators that ask for one find none. */
const NO_HEADERS = new RequestHeaderMap('', '', '');

/** A line in each log, as of now. `type` is %ACCESS_LOG_TYPE%. */
export function logConnection(
  logs: readonly AccessLogger[],
  info: StreamInfo,
  type: StreamInfo['accessLogType'],
): void {
  info.accessLogType = type;
  info.noteRefusal();
  for (const log of logs) log.log(info, NO_HEADERS, undefined);
}
