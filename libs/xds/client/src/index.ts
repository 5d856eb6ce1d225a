export type { ReceivedResource, ResourceUpdate, ResourceWatcher, Subscription } from './subscription.ts';
export { FileSubscription, type FileSubscriptionOptions } from './file-subscription.ts';
