import { createHcmFactory } from '@weft/proxy-hcm';
import { httpFilterFactories } from '@weft/proxy-http-filters';
import { tcpProxyFactory } from '@weft/proxy-network-filters';
import type { NetworkFilterFactory } from '@weft/proxy-filter-api';
import type { AccessLogFiles } from './access-log-files.ts';
import type { Tracers } from './tracers.ts';

/** Every terminal network filter: one line each. */
export function networkFilters(accessLogs: AccessLogFiles, tracers: Tracers): readonly NetworkFilterFactory<unknown>[] {
  return [
    createHcmFactory({
      httpFilters: httpFilterFactories,
      accessLogs: (config) => accessLogs.create(config.accessLogs),
      tracer: (config, listener) => tracers.create(config, listener),
    }) as NetworkFilterFactory<unknown>,
    tcpProxyFactory as NetworkFilterFactory<unknown>,
  ];
}
