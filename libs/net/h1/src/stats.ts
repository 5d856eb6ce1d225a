import type { Counter, StatsScope } from '@weft/core-stats';

/**
 * What HTTP/1 codecs count, by Envoy's names. One for the server's listeners (`http1.`) and one for each cluster
 * (`cluster.<name>.http1.`): all names exist from the start.
 */
export class Http1Stats {
  readonly droppedHeadersWithUnderscores: Counter;
  /** HTTP/1 has no place for metadata; nothing here sends any. */
  readonly metadataNotSupportedError: Counter;
  readonly requestsRejectedWithUnderscoresInHeaders: Counter;
  /** Connections closed because their client pipelined requests and did not read the responses. */
  readonly responseFlood: Counter;

  /** @param scope names are made in its `http1.`. */
  constructor(scope: StatsScope) {
    const http1 = scope.scope('http1.');
    this.droppedHeadersWithUnderscores = http1.counter('dropped_headers_with_underscores');
    this.metadataNotSupportedError = http1.counter('metadata_not_supported_error');
    this.requestsRejectedWithUnderscoresInHeaders = http1.counter('requests_rejected_with_underscores_in_headers');
    this.responseFlood = http1.counter('response_flood');
  }
}
