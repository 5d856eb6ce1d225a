import type { RequestHeaderMap, ResponseHeaderMap } from '@weft/core-http';
import { CONTINUE } from '@weft/proxy-filter-api';
import type { ActiveStream } from './active-stream.ts';
import type { DirectionEnds } from './direction.ts';

/** The request's direction: from the codec, through the filters, to the terminal filter. */
export function requestEnds(stream: ActiveStream): DirectionEnds<RequestHeaderMap> {
  return {
    callHeaders: (filter, headers, end) => filter.onRequestHeaders?.(headers, end) ?? CONTINUE,
    callData: (filter, chunk, end) => filter.onRequestData?.(chunk, end) ?? CONTINUE,
    callTrailers: (filter, trailers) => filter.onRequestTrailers?.(trailers) ?? CONTINUE,
    passHeaders: (headers, end) => stream.passRequestHeaders(headers, end),
    passData: (chunk, end) => stream.passRequestData(chunk, end),
    passTrailers: (trailers) => stream.passRequestTrailers(trailers),
    overflow: () => stream.requestTooLarge(),
    pauseSource: () => stream.pauseRequest(),
    resumeSource: () => stream.resumeRequest(),
    flowing: () => stream.requestFlowing,
  };
}

/** The response's direction: from the terminal filter (or a local reply), through the filters in reverse, to the codec. */
export function responseEnds(stream: ActiveStream): DirectionEnds<ResponseHeaderMap> {
  return {
    callHeaders: (filter, headers, end) => filter.onResponseHeaders?.(headers, end) ?? CONTINUE,
    callData: (filter, chunk, end) => filter.onResponseData?.(chunk, end) ?? CONTINUE,
    callTrailers: (filter, trailers) => filter.onResponseTrailers?.(trailers) ?? CONTINUE,
    passHeaders: (headers, end) => stream.answer(headers, end),
    passData: (chunk, end) => stream.answerData(chunk, end),
    passTrailers: (trailers) => stream.answerTrailers(trailers),
    overflow: () => stream.responseTooLarge(),
    pauseSource: () => stream.holdResponse(true),
    resumeSource: () => stream.holdResponse(false),
    flowing: () => !stream.over,
  };
}
