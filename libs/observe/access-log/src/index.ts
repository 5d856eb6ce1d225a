export { AccessLog, type AccessLogConfig, type AccessLogContext, type LineSink } from './access-log.ts';
export { LogFile, LogFiles, type LogFileStats } from './log-files.ts';
export { accessLogSupport, decodeAccessLogs } from './access-log.decode.ts';
export { createFilter, type AccessLogFilterConfig, type FilterContext } from './filter.ts';
export { createFormatter, type Formatter, type JsonNode, type LogFormat } from './formatter.ts';
export { DEFAULT_FORMAT, DEFAULT_FORMAT_TEXT } from './default-format.ts';
export { parseFormat, type FormatFault, type FormatPart } from './format-parser.ts';
export type { FormatEnvironment, LoggedStream } from './operator.ts';
