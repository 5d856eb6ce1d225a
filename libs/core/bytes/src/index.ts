export type { Transport, TransportClose, TransportReceiver } from './transport.ts';
export { recogniseProtocol, type RecognisedProtocol } from './recognise-protocol.ts';
export { turnWrites, type HeldWriter } from './turn-writes.ts';
