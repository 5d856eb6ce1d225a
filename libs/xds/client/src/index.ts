export type { ReceivedResource, ResourceUpdate, ResourceWatcher, Subscription } from './subscription.ts';
export { FileSubscription, type FileSubscriptionOptions } from './file-subscription.ts';
export { FolderWatch, type FolderWatchOwner } from './folder-watch.ts';
export type { ClientStatus, ResourceStatus, UpdateFailure } from './resource-status.ts';
