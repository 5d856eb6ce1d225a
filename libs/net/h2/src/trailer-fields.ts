import { HeaderMap } from '@weft/core-http';
import { Fault, FieldCollector } from './field-collector.ts';
import type { Http2Settings } from './settings.ts';

const NONE_JOINED: ReadonlySet<string> = new Set();

/** Collects trailers: no pseudo headers (RFC 9113 section 8.1), and nothing that frames or routes a message is passed on. */
export class TrailerFields extends FieldCollector {
  constructor(settings: Http2Settings) {
    super(settings, NONE_JOINED);
  }

  protected override pseudo(): boolean {
    return false;
  }

  protected override keepHost(): void {
    // Dropped.
  }

  protected override readLength(): boolean {
    return true;
  }

  /** What was collected; undefined: `fault` and `details` say why not. */
  finish(): HeaderMap | undefined {
    return this.fault === Fault.none ? new HeaderMap(this.raw) : undefined;
  }
}
