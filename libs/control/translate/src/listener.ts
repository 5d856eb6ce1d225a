import type { Address } from '@weft/api-envoy/gen/envoy/config/core/v3/address_pb';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { FilterChain, ListenerFilter } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import type { HttpInspector } from '@weft/api-envoy/gen/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb';
import type { OriginalDst } from '@weft/api-envoy/gen/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb';
import type { TlsInspector } from '@weft/api-envoy/gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb';
import { behind, from as tag } from './behind.ts';
import { make, pack, type Init } from './proto.ts';

const CHAIN = 'envoy.config.listener.v3.FilterChain';
/** TrafficDirection by number. */
export const INBOUND = 1;
export const OUTBOUND = 2;

export function listener(init: Init<Listener>): Listener {
  const filterChains = (init.filterChains ?? []).map((chain) =>
    tag(make<FilterChain>(CHAIN, chain as Init<FilterChain>), behind(chain)),
  );
  return make<Listener>('envoy.config.listener.v3.Listener', { ...init, filterChains });
}

export function socketAddress(address: string, port: number): Init<Address> {
  return {
    address: { case: 'socketAddress', value: { address, portSpecifier: { case: 'portValue', value: port } } },
  };
}

/** An IP address with a port, or `unix:///path`. */
export function listenAddress(bind: string, port: number): Init<Address> {
  if (!bind.startsWith('unix://')) return socketAddress(bind, port);
  return { address: { case: 'pipe', value: { path: bind.slice('unix://'.length) } } };
}

/** Tells TLS from other bytes, and reads server name and ALPN. */
export function tlsInspector(): Init<ListenerFilter> {
  return {
    name: 'envoy.filters.listener.tls_inspector',
    configType: {
      case: 'typedConfig',
      value: pack<TlsInspector>('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
    },
  };
}

/** Tells HTTP from other bytes. */
export function httpInspector(): Init<ListenerFilter> {
  return {
    name: 'envoy.filters.listener.http_inspector',
    configType: {
      case: 'typedConfig',
      value: pack<HttpInspector>('envoy.extensions.filters.listener.http_inspector.v3.HttpInspector', {}),
    },
  };
}

/** Asks the kernel where a redirected connection was going. */
export function originalDst(): Init<ListenerFilter> {
  return {
    name: 'envoy.filters.listener.original_dst',
    configType: {
      case: 'typedConfig',
      value: pack<OriginalDst>('envoy.extensions.filters.listener.original_dst.v3.OriginalDst', {}),
    },
  };
}

/** Inspectors wait for bytes: who has nothing to say for so long is not waited for. */
export function inspected(filters: readonly Init<ListenerFilter>[]): Init<Listener> {
  if (filters.length === 0) return {};
  return {
    listenerFilters: [...filters],
    listenerFiltersTimeout: { seconds: 1n, nanos: 0 },
    continueOnListenerFiltersTimeout: true,
  };
}

/** What the HTTP inspector finds: enough for a filter chain to tell requests from other bytes. */
export const HTTP_PROTOCOLS = ['http/1.0', 'http/1.1', 'h2c'] as const;

/** `*` takes every name, also none. */
export function serverNames(hosts: readonly string[]): Pick<Init<FilterChain>, 'filterChainMatch'> {
  return hosts.length === 0 || hosts.includes('*') ? {} : { filterChainMatch: { serverNames: [...new Set(hosts)] } };
}
