import type { Message } from '@bufbuild/protobuf';
import type { ProxyResources } from '@weft/control-translate';
import { encodeResource, type Resource } from '@weft/xds-server';

const encoded = new WeakMap<Message, Resource>();

/** Messages that translation shares between proxies are encoded once. */
export function encodedOnce(message: Message): Resource {
  let resource = encoded.get(message);
  if (resource === undefined) encoded.set(message, (resource = encodeResource(message)));
  return resource;
}

/** All that a translation made, in the order in which proxies use it. */
export function messagesOf({ runtime, clusters, endpoints, listeners, routes }: ProxyResources): Message[] {
  return [...runtime, ...clusters, ...endpoints, ...listeners, ...routes];
}
