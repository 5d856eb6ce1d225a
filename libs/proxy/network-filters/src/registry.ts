import type { NetworkFilterFactory, ReadFilterFactory } from '@weft/proxy-filter-api';
import type { NetworkFilterExtensions } from './access-logger.ts';
import { createTcpProxyFactory } from './tcp-proxy/tcp-proxy.ts';

/** Every filter that may stand before the terminal one: one line each. */
export const readFilterFactories: readonly ReadFilterFactory<unknown>[] = [];

/** Every terminal network filter but the HTTP connection manager: one line each. */
export function terminalFilterFactories(extensions: NetworkFilterExtensions): readonly NetworkFilterFactory<unknown>[] {
  return [createTcpProxyFactory(extensions) as NetworkFilterFactory<unknown>];
}
