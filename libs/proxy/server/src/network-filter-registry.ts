import { decodeAccessLogs, type AccessLogConfig } from '@weft/observe-access-log';
import { createHcmFactory } from '@weft/proxy-hcm';
import { httpFilterFactories } from '@weft/proxy-http-filters';
import { listenerFilterFactories } from '@weft/proxy-listener-filters';
import type { ListenerExtensionFactories } from '@weft/proxy-listeners';
import { readFilterFactories, terminalFilterFactories } from '@weft/proxy-network-filters';
import type { NetworkFilterFactory, TransportSocketFactory, UdpListenerFilterFactory } from '@weft/proxy-filter-api';
import type { DownstreamTlsFactory } from '@weft/proxy-transport-sockets';
import { createUdpProxyFactory } from '@weft/proxy-udp-proxy';
import type { AccessLogFiles } from './access-log-files.ts';
import type { Tracers } from './tracers.ts';

/** Every extension that a listener may name: one line each. */
export function networkFilters(
  accessLogs: AccessLogFiles,
  tracers: Tracers,
  tls: DownstreamTlsFactory,
): ListenerExtensionFactories {
  return {
    networkFilters: [
      createHcmFactory({
        httpFilters: httpFilterFactories,
        accessLogs: (config) => accessLogs.create(config.accessLogs),
        tracer: (config, listener) => tracers.create(config, listener),
      }) as NetworkFilterFactory<unknown>,
      ...terminalFilterFactories({ accessLogs: (configs) => accessLogs.create(configs) }),
    ],
    readFilters: readFilterFactories,
    listenerFilters: listenerFilterFactories,
    transportSockets: [tls as TransportSocketFactory<unknown>],
    udpFilters: [
      createUdpProxyFactory({
        accessLogs: (configs) => accessLogs.create(configs),
      }) as UdpListenerFilterFactory<unknown>,
    ],
    decodeAccessLogs: (messages, cx) => decodeAccessLogs(messages, cx),
    createAccessLogs: (configs) => accessLogs.create(configs as readonly AccessLogConfig[]),
  };
}
