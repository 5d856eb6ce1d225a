import type { Http2Settings } from './settings.ts';

/**
 * Counts the frames that the transport has not sent yet. A transport only knows bytes, so that each hand-over leaves a mark:
 * its frames are out when all bytes up to its end are.
 */
export class OutboundFrames {
  private readonly settings: Http2Settings;
  private frames = 0;
  private controlFrames = 0;
  /** Frames gathered since the last mark. */
  private newFrames = 0;
  private newControlFrames = 0;
  private handedBytes = 0;
  /** End, frames, control frames; over and over, from `first` to `end`. */
  private readonly marks: number[] = [];
  private first = 0;
  private end = 0;

  constructor(settings: Http2Settings) {
    this.settings = settings;
  }

  add(): void {
    this.newFrames += 1;
  }
  /** An answer to PING or SETTINGS, or RST_STREAM; `add` counts it too. */
  addControl(): void {
    this.newControlFrames += 1;
  }

  /** All gathered frames went to the transport, as `bytes`. */
  handedOver(bytes: number): void {
    this.handedBytes += bytes;
    const { marks, end } = this;
    marks[end] = this.handedBytes;
    marks[end + 1] = this.newFrames;
    marks[end + 2] = this.newControlFrames;
    this.end = end + 3;
    this.count(this.newFrames, this.newControlFrames);
    this.newFrames = 0;
    this.newControlFrames = 0;
  }

  /** The transport still holds `bufferedBytes`; it lets go of what is before them. */
  release(bufferedBytes: number): void {
    const { marks } = this;
    const sent = this.handedBytes - bufferedBytes;
    while (this.first < this.end && (marks[this.first] as number) <= sent) {
      this.count(-(marks[this.first + 1] as number), -(marks[this.first + 2] as number));
      this.first += 3;
    }
    if (this.first === this.end) {
      // Mostly all is out: the array stays as long as it is, unless a peer was slow.
      if (this.end > 96) marks.length = 0;
      this.end = 0;
      this.first = 0;
    } else if (this.first >= 96) {
      marks.splice(0, this.first);
      this.end -= this.first;
      this.first = 0;
    }
  }

  /** Says whether the peer lets pile up more than the limits allow; counts it. */
  flooded(): boolean {
    const { maxOutboundFrames, maxOutboundControlFrames, stats } = this.settings;
    if (this.frames + this.newFrames > maxOutboundFrames) {
      stats.outboundFlood.inc();
      return true;
    }
    if (this.controlFrames + this.newControlFrames <= maxOutboundControlFrames) return false;
    stats.outboundControlFlood.inc();
    return true;
  }

  /** The connection is gone, with all that waited. */
  clear(): void {
    this.count(-this.frames, -this.controlFrames);
    this.marks.length = 0;
    this.first = 0;
    this.end = 0;
    this.newFrames = 0;
    this.newControlFrames = 0;
  }

  private count(frames: number, controlFrames: number): void {
    const { stats } = this.settings;
    this.frames += frames;
    stats.outboundFramesActive.add(frames);
    if (controlFrames === 0) return;
    this.controlFrames += controlFrames;
    stats.outboundControlFramesActive.add(controlFrames);
  }
}
