export { Listener } from './listener.ts';
export {
  ListenerManager,
  type DecodedListener,
  type DiscoveredListeners,
  type ManagedListener,
  type WarmingListener,
} from './listener-manager.ts';
export { explainBindError } from './explain-bind-error.ts';
export type { ConnectionLogger, ListenerExtensionFactories } from './listener-extensions.ts';
export type { DrainSettings } from './drain-manager.ts';
