export {
  bindDatagrams,
  connectDatagrams,
  type BoundDatagrams,
  type ConnectedDatagrams,
  type DatagramAddress,
  type DatagramBindOptions,
  type DatagramOwner,
} from './datagrams.ts';
