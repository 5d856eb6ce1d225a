export { Listener } from './listener.ts';
export { ListenerManager, type DecodedListener, type ManagedListener } from './listener-manager.ts';
