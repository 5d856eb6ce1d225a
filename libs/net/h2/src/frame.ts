/** Frame types. Source: RFC 9113 section 6. */
export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** Flags of frames. Source: RFC 9113 section 6. */
export const Flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

/** Error codes of RST_STREAM and GOAWAY. Source: RFC 9113 section 7. */
export const ErrorCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  connectError: 10,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
  http11Required: 13,
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** Settings. Source: RFC 9113 section 6.5.2, RFC 8441 section 3. */
export const SettingId = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
} as const;

export const FRAME_HEADER_BYTES = 9;
/** The highest stream id; and, in a GOAWAY, that all streams are still served. */
export const MAX_STREAM_ID = 0x7fff_ffff;
/** What a flow-control window is before anybody says otherwise, and what it may never exceed. */
export const DEFAULT_WINDOW_BYTES = 65_535;
export const MAX_WINDOW_BYTES = 0x7fff_ffff;
/** The smallest and the largest SETTINGS_MAX_FRAME_SIZE. The smallest is the default, and ours. */
export const MIN_MAX_FRAME_BYTES = 16_384;
/** What we send is no longer, whatever the peer takes: longer frames would keep streams waiting for each other. */
export const MAX_SENT_FRAME_BYTES = MIN_MAX_FRAME_BYTES;
export const MAX_MAX_FRAME_BYTES = 16_777_215;

/** What a client begins a connection with. Source: RFC 9113 section 3.4. */
export const CLIENT_PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
