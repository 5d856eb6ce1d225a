import { GRPC_STATUS, type GrpcReceiver } from '@weft/core-grpc';
import { connect, constants, type ClientHttp2Session } from 'node:http2';
import type { PiecesCall, PiecesChannel } from './pieces.ts';

/** Flag and length before each message. */
const HEAD_BYTES = 5;
/** What the server may send ahead. Bytes. */
const WINDOW_BYTES = 1024 * 1024;

/**
 * gRPC in plaintext with nothing beside it, so that a thousand proxies in one process cost little: a message is copied once on its
 * way in, not at all on its way out, and not kept. One connection, made at once, never again.
 */
export class PlainChannel implements PiecesChannel {
  private readonly session: ClientHttp2Session;

  constructor(target: string) {
    this.session = connect(`http://${target}`, { settings: { initialWindowSize: WINDOW_BYTES } });
    this.session.on('connect', () => this.session.setLocalWindowSize(WINDOW_BYTES));
    // Each call hears of it.
    this.session.on('error', () => undefined);
  }

  call(path: string, receiver: GrpcReceiver): PiecesCall {
    const stream = this.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const messages = new MessageReader((message) => receiver.onMessage(message));
    let status = { code: GRPC_STATUS.UNAVAILABLE as number, message: 'the connection broke' };
    const take = (headers: Readonly<Record<string, unknown>>): void => {
      if (headers['grpc-status'] === undefined) return;
      status = { code: Number(headers['grpc-status']), message: String(headers['grpc-message'] ?? '') };
    };
    stream.on('response', take);
    stream.on('trailers', take);
    stream.on('data', (chunk: Buffer) => messages.add(chunk));
    stream.on('drain', () => receiver.onDrain?.());
    stream.on('error', () => undefined);
    stream.on('close', () => receiver.onEnd(status));
    const sendPieces = (pieces: readonly Uint8Array[]): boolean => {
      const head = Buffer.alloc(HEAD_BYTES);
      head.writeUInt32BE(
        pieces.reduce((sum, { length }) => sum + length, 0),
        1,
      );
      let hasRoom = stream.write(head);
      for (const piece of pieces) if (piece.length > 0) hasRoom = stream.write(piece);
      return hasRoom;
    };
    return {
      send: (message) => sendPieces([message]),
      sendPieces,
      end: () => void stream.end(),
      cancel: () => stream.close(constants.NGHTTP2_CANCEL),
    };
  }

  close(): void {
    this.session.close();
  }
}

/** Puts the messages of a stream together. */
class MessageReader {
  private readonly onMessage: (message: Buffer) => void;
  private chunks: Buffer[] = [];
  private size = 0;
  /** The head and the message that is being read; 0: its head is not there yet. */
  private wanted = 0;

  constructor(onMessage: (message: Buffer) => void) {
    this.onMessage = onMessage;
  }

  add(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
    while (this.size >= (this.wanted || HEAD_BYTES)) {
      if (this.wanted === 0) {
        this.wanted = HEAD_BYTES + this.joined().readUInt32BE(1);
        continue;
      }
      const all = this.joined();
      const rest = all.subarray(this.wanted);
      this.chunks = rest.length === 0 ? [] : [rest];
      this.size = rest.length;
      const message = all.subarray(HEAD_BYTES, this.wanted);
      this.wanted = 0;
      this.onMessage(message);
    }
  }

  private joined(): Buffer {
    const [first] = this.chunks;
    const all = this.chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.chunks);
    this.chunks = [all];
    return all;
  }
}
