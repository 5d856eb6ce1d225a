import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { configToJson } from '../config-to-json.ts';
import { DecodeContext } from '../decode-context.ts';
import { formatFault } from '@weft/core-config-text';
import { loadConfig, type LoadedConfig } from '../load-config.ts';
import { validateMessage } from '../validate/validate-message.ts';

const BOOTSTRAP = 'envoy.config.bootstrap.v3.Bootstrap';
const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const URL_PREFIX = 'type.googleapis.com/';

function printed(file: string): LoadedConfig {
  const text = readFileSync(new URL(`../testdata/${file}`, import.meta.url), 'utf8');
  const loaded = loadConfig({ text, file, typeName: BOOTSTRAP });
  assert.deepEqual(loaded.faults.map(formatFault), []);
  assert.ok(loaded.message !== undefined);
  const cx = new DecodeContext(loaded.source);
  validateMessage(loaded.message, cx);
  assert.deepEqual(cx.faults.map(formatFault), []);
  return loaded;
}

function placesOf({ warnings }: LoadedConfig): string[] {
  return warnings.map(({ path, position }) => `${position?.line}: ${path.replace(/^.*?\.filters\[0\]\./, '…')}`);
}

interface Config {
  readonly admin: unknown;
  readonly static_resources: {
    readonly listeners: readonly { readonly filter_chains: readonly { readonly filters: readonly unknown[] }[] }[];
    readonly clusters: readonly unknown[];
  };
}

function configOf({ message }: LoadedConfig): Config {
  assert.ok(message !== undefined);
  return configToJson(message) as unknown as Config;
}

function assignment(name: string, address: string, port_value: number): unknown {
  const endpoint = { address: { socket_address: { address, port_value } } };
  return { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] };
}

describe('configurations as tutorials print them', () => {
  it('load with a warning for each older form: the front proxy and the service of the first tutorial', () => {
    const front = printed('front-envoy.yaml');
    assert.deepEqual(placesOf(front), [
      '9: …name',
      '11: …typed_config',
      '30: …typed_config.http_filters[0].name',
      '31: …typed_config.http_filters[0].typed_config',
      '37: static_resources.clusters[0].http2_protocol_options',
      '51: static_resources.clusters[1].http2_protocol_options',
      '62: admin.access_log_path',
    ]);
    assert.deepEqual(configOf(front).static_resources.clusters[1], {
      name: 'service2',
      connect_timeout: '0.250s',
      type: 'STRICT_DNS',
      typed_extension_protocol_options: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
          '@type': `${URL_PREFIX}envoy.extensions.upstreams.http.v3.HttpProtocolOptions`,
          explicit_http_config: { http2_protocol_options: {} },
        },
      },
      load_assignment: assignment('service2', 'service2', 80),
    });
    assert.deepEqual(configOf(printed('front-envoy-flow.yaml')).admin, configOf(front).admin);
    assert.equal(placesOf(printed('service-envoy.yaml')).length, 5);
  });

  it('load with a warning for each older form: the route to another site, with `config`, `hosts` and `tls_context`', () => {
    const { static_resources: resources } = configOf(printed('baidu-envoy.yaml'));
    assert.deepEqual(resources.clusters, [
      {
        name: 'service_baidu_cluster',
        connect_timeout: '0.250s',
        type: 'LOGICAL_DNS',
        load_assignment: assignment('service_baidu_cluster', 'baidu.com', 443),
        transport_socket: {
          name: 'envoy.transport_sockets.tls',
          typed_config: {
            '@type': `${URL_PREFIX}envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext`,
            sni: 'www.baidu.com',
          },
        },
      },
    ]);
    const [listener] = resources.listeners;
    assert.deepEqual(listener?.filter_chains[0]?.filters[0], {
      name: 'envoy.filters.network.http_connection_manager',
      typed_config: {
        '@type': URL_PREFIX + HCM,
        stat_prefix: 'ingress_http',
        route_config: {
          name: 'baidu_route',
          virtual_hosts: [
            {
              name: 'baidu_service',
              domains: ['*'],
              routes: [
                {
                  match: { prefix: '/' },
                  route: { cluster: 'service_baidu_cluster', host_rewrite_literal: 'www.baidu.com' },
                },
              ],
            },
          ],
        },
        http_filters: [
          {
            name: 'envoy.filters.http.router',
            typed_config: { '@type': `${URL_PREFIX}envoy.extensions.filters.http.router.v3.Router` },
          },
        ],
      },
    });
    const split = printed('baidu-envoy-split.yaml');
    assert.deepEqual(placesOf(split).slice(3), [
      '24: …typed_config.route_config.virtual_hosts[0].routes[0].route.host_rewrite',
      '33: …typed_config.http_filters[0].typed_config',
      '33: …typed_config.http_filters[0].name',
      '39: static_resources.clusters[0].hosts',
      '40: static_resources.clusters[0].tls_context',
      '45: static_resources.clusters[1].hosts',
      '46: static_resources.clusters[1].tls_context',
    ]);
  });

  it('load with a warning for each older form: a sidecar of the v1 API', () => {
    const sidecar = printed('istio-v1.json');
    assert.deepEqual(placesOf(sidecar), [
      '1: ',
      '3: listeners[0]',
      '7: listeners[0].filters[0]',
      '25: admin',
      '26: admin.access_log_path',
      '31: cluster_manager.clusters[0]',
    ]);
    const { static_resources: resources, admin } = configOf(sidecar);
    assert.deepEqual(resources, {
      listeners: [
        {
          name: 'tcp_0.0.0.0_15003',
          address: { socket_address: { address: '0.0.0.0', port_value: 15003 } },
          filter_chains: [
            {
              filters: [
                {
                  name: 'envoy.filters.network.tcp_proxy',
                  typed_config: {
                    '@type': `${URL_PREFIX}envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`,
                    stat_prefix: 'tcp',
                    cluster: 'in.8080',
                  },
                },
              ],
            },
          ],
          bind_to_port: true,
        },
      ],
      clusters: [
        {
          name: 'in.8080',
          type: 'STATIC',
          connect_timeout: '1s',
          load_assignment: assignment('in.8080', '127.0.0.1', 8080),
        },
      ],
    });
    assert.deepEqual(admin, {
      access_log: [
        {
          name: 'envoy.access_loggers.file',
          typed_config: {
            '@type': `${URL_PREFIX}envoy.extensions.access_loggers.file.v3.FileAccessLog`,
            path: '/dev/stdout',
          },
        },
      ],
      address: { socket_address: { address: '127.0.0.1', port_value: 15000 } },
    });
  });
});
