import type { SocketAddress } from '@weft/core-http';
import type { ListenerAddress } from '@weft/model-listener';
import type { Listener } from './listener.ts';

/** The listener of exactly this address, else the first that is for its port on every address. As Envoy's hand-off. */
export function listenerFor(listeners: readonly Listener[], address: SocketAddress): Listener | undefined {
  const v6 = address.ip.includes(':');
  return (
    listeners.find((listener) =>
      addressesOf(listener).some((own) => own.ip === address.ip && own.port === address.port),
    ) ??
    listeners.find((listener) =>
      addressesOf(listener).some(
        (own) =>
          own.port === address.port && (own.ip === (v6 ? '::' : '0.0.0.0') || (own.ip === '::' && own.ipv4Compat)),
      ),
    )
  );
}

function addressesOf({ config }: Listener): readonly (ListenerAddress & { kind: 'socket' })[] {
  if (config.protocol === 'UDP') return [];
  return [config.address, ...config.additionalAddresses].filter((address) => address.kind === 'socket');
}
