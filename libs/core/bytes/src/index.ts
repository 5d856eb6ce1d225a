export type { Transport, TransportClose, TransportReceiver } from './transport.ts';
export { recogniseProtocol, type RecognisedProtocol } from './recognise-protocol.ts';
