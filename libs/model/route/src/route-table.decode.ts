import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import { decodeConfigSource } from '@weft/model-config-source';
import { DomainIndex } from './route-index.ts';
import type { RouteTable, VirtualHost } from './route.ts';
import type { RouteDecodeOptions, TableContext } from './decode-surroundings.ts';
import { decodeLevel } from './level.decode.ts';
import { decodeVirtualHost } from './virtual-host.decode.ts';

export const routeTableSupport: FieldSupport = {
  'envoy.config.route.v3.RouteConfiguration': [
    'name',
    'virtual_hosts',
    'internal_only_headers',
    'response_headers_to_add',
    'response_headers_to_remove',
    'request_headers_to_add',
    'request_headers_to_remove',
    'most_specific_header_mutations_wins',
    'validate_clusters',
    'max_direct_response_body_size_bytes',
    'ignore_port_in_host_matching',
    'vhost_header',
    'ignore_path_parameters_in_path_matching',
    'typed_per_filter_config',
    'vhds',
  ],
  'envoy.config.route.v3.Vhds': ['config_source'],
};

const DEFAULT_DIRECT_RESPONSE_BYTES = 4096;

/** The compiled table of an envoy.config.route.v3.RouteConfiguration; undefined if `cx` got any fault on the way. */
export function decodeRouteConfiguration(
  message: Message,
  cx: DecodeContext,
  options: RouteDecodeOptions = {},
): RouteTable | undefined {
  const faultsBefore = cx.faults.length;
  const configuration = message as RouteConfiguration;
  const context: TableContext = {
    options,
    level: decodeLevel(configuration, options, cx),
    mostSpecificWins: configuration.mostSpecificHeaderMutationsWins,
    maxDirectResponseBytes: configuration.maxDirectResponseBodySizeBytes ?? DEFAULT_DIRECT_RESPONSE_BYTES,
    clusterNames: new Set(),
  };
  const index = new DomainIndex({
    hostHeader: configuration.vhostHeader.toLowerCase(),
    ignorePort: configuration.ignorePortInHostMatching,
    ignorePathParameters: configuration.ignorePathParametersInPathMatching,
  });
  const vhds =
    configuration.vhds && decodeConfigSource(configuration.vhds.configSource, cx.at('vhds', 'config_source'));
  const virtualHosts = decodeVirtualHosts(configuration, index, context, cx.at('virtual_hosts'));
  if (cx.faults.length > faultsBefore) return undefined;
  return {
    name: configuration.name,
    virtualHosts,
    internalOnlyHeaders: configuration.internalOnlyHeaders.map((name) => name.toLowerCase()),
    validateClusters: configuration.validateClusters,
    clusterNames: [...context.clusterNames],
    index,
    vhds,
  };
}

function decodeVirtualHosts(
  configuration: RouteConfiguration,
  index: DomainIndex,
  context: TableContext,
  cx: DecodeContext,
): VirtualHost[] {
  const names = new Set<string>();
  return configuration.virtualHosts.map((message, i) => {
    const at = cx.at(i);
    if (names.has(message.name)) at.at('name').error(`another virtual host is named "${message.name}" already`);
    names.add(message.name);
    const indexed = decodeVirtualHost(message, context, at);
    for (const [j, domain] of indexed.virtualHost.domains.entries()) {
      const place = at.at('domains', j);
      if (!isDomain(domain)) {
        place.error(`"${domain}" is no domain`, { expected: 'a name, "*", "*.suffix" or "prefix.*"' });
      } else if (!index.add(domain, indexed)) {
        place.error(`another virtual host serves "${domain}" already`);
      }
    }
    return indexed.virtualHost;
  });
}

/** At most one `*`, at one of its ends. As in Envoy, `''` is a name: that of requests without a host. */
function isDomain(domain: string): boolean {
  const star = domain.indexOf('*');
  if (star < 0) return true;
  return star === domain.lastIndexOf('*') && (star === 0 || star === domain.length - 1);
}
