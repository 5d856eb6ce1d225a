/**
 * Why a connection or stream was refused, in the words of Envoy's %RESPONSE_CODE_DETAILS% where it has one
 * (`http2.invalid.header.field`, `http2.violation.of.messaging.rule`, floods, `http2.too_many_headers`); what Envoy leaves to
 * its library's messages has a word in the same style.
 */
export const Details = {
  invalidHeader: 'http2.invalid.header.field',
  messaging: 'http2.violation.of.messaging.rule',
  tooManyHeaders: 'http2.too_many_headers',
  underscore: 'http2.unexpected_underscore',
  emptyFramesFlood: 'http2.inbound_empty_frames_flood',
  priorityFlood: 'http2.inbound_priority_frames_flood',
  windowUpdateFlood: 'http2.inbound_window_update_frames_flood',
  outboundFlood: 'http2.outbound_frames_flood',
  continuationFlood: 'http2.too_many_continuation_frames',
  prematureResets: 'too_many_premature_resets',
  badPreface: 'http2.invalid_preface',
  noSettings: 'http2.settings_expected',
  frameSize: 'http2.frame_size_error',
  protocol: 'http2.protocol_error',
  flowControl: 'http2.flow_control_error',
  streamClosed: 'http2.stream_closed',
  compression: 'http2.compression_error',
  settings: 'http2.invalid_settings',
  push: 'http2.push_promise_refused',
} as const;
export type Details = (typeof Details)[keyof typeof Details];
