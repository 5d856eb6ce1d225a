export type { ReceivedResource, ResourceUpdate, ResourceWatcher, Subscription } from './subscription.ts';
export { Subscriptions, type ServerStatus, type SubscriptionsOptions, type TypeStatus } from './subscriptions.ts';
export { BackOff } from './back-off.ts';
export type { GrpcChannels } from './discovery-stream.ts';
export type { HttpFetch } from './rest-poll.ts';
export { CLIENT_FEATURES, nodeFields, type NodeIdentity } from './node.ts';
export { FileSubscription, type FileSubscriptionOptions } from './file-subscription.ts';
export { FolderWatch, type FolderWatchOwner } from './folder-watch.ts';
export type { ClientStatus, ResourceStatus, UpdateFailure } from './resource-status.ts';
export type { SubscriptionFactory, SubscriptionRequest } from './subscription-factory.ts';
export { FileSubscriptions } from './file-subscriptions.ts';
export { createAuthorities, type Authorities, type AuthoritySource } from './authorities.ts';
export {
  collectionOf,
  formatXdstp,
  isXdstp,
  normalizeName,
  parseXdstp,
  type XdstpDirective,
  type XdstpName,
} from './xdstp-name.ts';
export { LoadReporter, type LoadReporterOptions } from './load-reporter.ts';
export { LoadCounter, type ReportedCluster, type ReportedHost } from './load-counter.ts';
export { sumLoads, type ClusterLoad, type LoadSource, type LoadWish } from './loads.ts';
export type { RelayDownstream, RelayedOutcome, RelayedUpdate, RelayedWish, RelayUpstream } from './relay-messages.ts';
export { RelayedSubscriptions } from './relayed-subscriptions.ts';
export { SubscriptionRelay, type RelayLink } from './subscription-relay.ts';
