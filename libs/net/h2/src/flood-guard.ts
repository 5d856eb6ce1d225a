import { Details } from './details.ts';
import { Flag } from './frame.ts';
import type { Http2Settings } from './settings.ts';

/** CONTINUATION frames of one block beyond what its size explains. */
const SPARE_CONTINUATIONS = 8;

/**
 * Counts frames that cost the sender little and us more, over the life of a connection. Source of the limits and formulas:
 * Http2ProtocolOptions.
 */
export class FloodGuard {
  private readonly settings: Http2Settings;
  private openedStreams = 0;
  private outboundDataFrames = 0;
  private emptyInRow = 0;
  private priorityFrames = 0;
  private windowUpdateFrames = 0;

  constructor(settings: Http2Settings) {
    this.settings = settings;
  }

  streamOpened(): void {
    this.openedStreams += 1;
  }
  dataFrameSent(): void {
    this.outboundDataFrames += 1;
  }

  /** `count`: the block's CONTINUATION frames so far, with this one. */
  admitsContinuation(count: number): boolean {
    return count <= SPARE_CONTINUATIONS + (this.settings.maxHeadersKb >> 3);
  }

  /** HEADERS, CONTINUATION or DATA with something in it. */
  notEmpty(): void {
    this.emptyInRow = 0;
  }

  /** HEADERS, CONTINUATION or DATA with nothing in it but padding. These say what the frame is one too many of, or undefined. */
  judgeEmpty(flags: number): Details | undefined {
    this.emptyInRow = (flags & Flag.endStream) !== 0 ? 0 : this.emptyInRow + 1;
    if (this.emptyInRow <= this.settings.maxConsecutiveInboundFramesWithEmptyPayload) return undefined;
    this.settings.stats.inboundEmptyFramesFlood.inc();
    return Details.emptyFramesFlood;
  }

  judgePriority(): Details | undefined {
    this.priorityFrames += 1;
    const { maxInboundPriorityFramesPerStream: each, stats } = this.settings;
    if (this.priorityFrames <= each * (1 + this.openedStreams)) return undefined;
    stats.inboundPriorityFramesFlood.inc();
    return Details.priorityFlood;
  }

  judgeWindowUpdate(): Details | undefined {
    this.windowUpdateFrames += 1;
    const { maxInboundWindowUpdateFramesPerDataFrameSent: each, stats } = this.settings;
    if (this.windowUpdateFrames <= 5 + 2 * (this.openedStreams + each * this.outboundDataFrames)) return undefined;
    stats.inboundWindowUpdateFramesFlood.inc();
    return Details.windowUpdateFlood;
  }
}
