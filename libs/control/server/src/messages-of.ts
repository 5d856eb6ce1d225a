import type { Message } from '@bufbuild/protobuf';
import type { ProxyResources } from '@weft/control-translate';

/** All that a translation made, in the order in which proxies use it. */
export function messagesOf({ runtime, clusters, endpoints, listeners, routes }: ProxyResources): Message[] {
  return [...runtime, ...clusters, ...endpoints, ...listeners, ...routes];
}
