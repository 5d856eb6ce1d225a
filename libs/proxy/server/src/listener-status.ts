import type { AdminAddress, ListenerStatus } from '@weft/observe-admin';
import type { ListenerAddress } from '@weft/model-listener';
import type { ManagedListener } from '@weft/proxy-listeners';

/** One listener as /listeners shows it: where it is bound. */
export function listenerStatus({ listener }: ManagedListener): ListenerStatus {
  const { name, address, additionalAddresses } = listener.config;
  const [first, ...additional] = [address, ...additionalAddresses].map((each, i) =>
    boundAddress(each, listener.addresses[i]?.port),
  );
  return {
    name,
    address: first as AdminAddress,
    ...(additional.length === 0 ? {} : { additionalAddresses: additional }),
  };
}

function boundAddress(address: ListenerAddress, port: number | undefined): AdminAddress {
  switch (address.kind) {
    case 'pipe':
      return { path: address.path };
    case 'socket':
      return { ip: address.ip, port: port ?? address.port };
    case 'internal':
      return { path: `envoy://${address.name}/` };
  }
}
