import { ErrorCode, MAX_MAX_FRAME_BYTES, MAX_WINDOW_BYTES, MIN_MAX_FRAME_BYTES, SettingId } from './frame.ts';
import { uint32 } from './frame-reader.ts';
import type { Output } from './output.ts';
import type { Sending } from './sending.ts';
import type { StreamTable } from './stream-table.ts';

const ENTRY_BYTES = 6;

/** What the peer asked of us by SETTINGS, applied as it comes (RFC 9113 section 6.5). */
export class PeerSettings {
  /** Infinity until it is said. */
  maxConcurrentStreams = Infinity;
  /** The peer is a client; only those may ask for push, and get none. */
  peerIsClient = false;
  private connectProtocol = false;
  private readonly output: Output;
  private readonly sending: Sending;
  private readonly streams: StreamTable;

  constructor(output: Output, sending: Sending, streams: StreamTable) {
    this.output = output;
    this.sending = sending;
    this.streams = streams;
  }

  /** Applies a payload; says what is wrong with it, or `noError`. */
  apply(bytes: Buffer, start: number, end: number): ErrorCode {
    if ((end - start) % ENTRY_BYTES !== 0) return ErrorCode.frameSizeError;
    for (let at = start; at < end; at += ENTRY_BYTES) {
      const fault = this.applyOne(bytes.readUInt16BE(at), uint32(bytes, at + 2));
      if (fault !== ErrorCode.noError) return fault;
    }
    return ErrorCode.noError;
  }

  private applyOne(id: number, value: number): ErrorCode {
    switch (id) {
      case SettingId.headerTableSize:
        this.output.encoder.setMaxTableBytes(value);
        return ErrorCode.noError;
      case SettingId.enablePush:
        return value === 0 || (value === 1 && this.peerIsClient) ? ErrorCode.noError : ErrorCode.protocolError;
      case SettingId.maxConcurrentStreams:
        this.maxConcurrentStreams = value;
        return ErrorCode.noError;
      case SettingId.initialWindowSize:
        if (value > MAX_WINDOW_BYTES) return ErrorCode.flowControlError;
        return this.sending.changeInitialWindow(value, this.streams.list())
          ? ErrorCode.noError
          : ErrorCode.flowControlError;
      case SettingId.maxFrameSize:
        // We send no longer frames than every peer takes.
        return value < MIN_MAX_FRAME_BYTES || value > MAX_MAX_FRAME_BYTES ? ErrorCode.protocolError : ErrorCode.noError;
      case SettingId.enableConnectProtocol:
        // Once on it stays on (RFC 8441 section 3).
        if (value > 1 || (value === 0 && this.connectProtocol)) return ErrorCode.protocolError;
        this.connectProtocol = value === 1;
        return ErrorCode.noError;
      default:
        return ErrorCode.noError;
    }
  }
}
