export type { Transport, TransportClose, TransportReceiver } from './transport.ts';
