import { JOINED_RESPONSE_HEADERS, ResponseHeaderMap } from '@weft/core-http';
import { Details } from './details.ts';
import { Fault, FieldCollector } from './field-collector.ts';
import type { Http2Settings } from './settings.ts';

/** Collects the head of a response, interim or final (RFC 9113 section 8.3.2). */
export class ResponseFields extends FieldCollector {
  private status = 0;

  constructor(settings: Http2Settings) {
    super(settings, JOINED_RESPONSE_HEADERS);
  }

  override begin(): void {
    super.begin();
    this.status = 0;
  }

  protected override pseudo(name: string, value: string): boolean {
    if (name !== ':status' || this.status !== 0) return false;
    this.status = value === '200' ? 200 : statusOf(value);
    // Switching protocols is HTTP/1.1's (RFC 9113 section 8.6).
    return this.status !== 0 && this.status !== 101;
  }

  protected override keepHost(value: string): void {
    this.raw.push('host', value);
  }

  /** What was collected; undefined: `fault` and `details` say why not. */
  finish(): ResponseHeaderMap | undefined {
    if (this.fault === Fault.none && this.status === 0) this.refuse(Fault.malformed, Details.messaging);
    return this.fault === Fault.none ? new ResponseHeaderMap(this.status, this.raw) : undefined;
  }
}

/** Three digits; 0 for all else. */
function statusOf(text: string): number {
  return /^[1-9]\d\d$/.test(text) ? Number(text) : 0;
}
