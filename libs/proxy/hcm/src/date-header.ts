import type { Clock } from '@weft/core-runtime';

/** The date header's value (RFC 9110 section 6.6.1), made once a second. */
export class DateHeader {
  private readonly clock: Clock;
  private second = -1;
  private text = '';

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get value(): string {
    const second = Math.floor(this.clock.wallMs() / 1000);
    if (second !== this.second) {
      this.second = second;
      this.text = new Date(second * 1000).toUTCString();
    }
    return this.text;
  }
}
