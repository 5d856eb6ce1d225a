import { DecodeContext, loadConfig, validateMessage } from '@weft/api-envoy';
import { promise, type FuzzTarget } from '../target.ts';

const SEED = `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
static_resources:
  listeners:
  - name: l
    address: {socket_address: {address: 0.0.0.0, port_value: 80}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: s
          route_config:
            virtual_hosts:
            - {name: v, domains: ["*"], routes: [{match: {prefix: "/"}, route: {cluster: c, timeout: 0.25s}}]}
          http_filters:
          - {name: r, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: c
    type: strict_dns
    connectTimeout: 1s
    load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: h, port_value: 1}}}}]}]}
`;

export const bootstrap: FuzzTarget = {
  name: 'bootstrap',
  seeds: [
    Buffer.from(SEED),
    Buffer.from('{"node": {"id": "a"}}'),
    Buffer.from('static_resources: &a {clusters: [*a]}'),
  ],
  words: [
    ': ', '- ', '{', '}', '[', ']', '&a ', '*a', '<<: ', '!!binary ', '"@type": ', 'null', '~', '1e999', '-1', '0.000000001s', '.inf', '"\\u0000"',
    'static_resources', 'name', 'hosts', 'http_filters', 'type.googleapis.com/google.protobuf.Any', '\n', '  ', '\t', '# ', '? ', '|\n', '---\n', 'true',
  ].map((text) => Buffer.from(text)), // prettier-ignore
  run(input) {
    const text = input.toString('utf8');
    const loaded = loadConfig({ text, file: 'fuzz.yaml', typeName: 'envoy.config.bootstrap.v3.Bootstrap' });
    const lines = text.split('\n').length;
    for (const { position } of loaded.faults) {
      const line = position?.line ?? 1;
      promise(line >= 1 && line <= lines, `a fault in line ${line} of ${lines}`);
    }
    promise(loaded.message !== undefined || loaded.faults.length > 0, 'what is refused has a reason');
    const message = loaded.message ?? loaded.readable;
    if (message !== undefined) validateMessage(message, new DecodeContext(loaded.source, { faults: [], warnings: [] }));
    const words = loaded.faults.map((fault) => fault.message.replace(/["'`].*?["'`]|\d+/g, '_').slice(0, 40));
    return `${loaded.message === undefined ? 'refused' : 'taken'};${[...new Set(words)].sort().slice(0, 4).join(';')}`;
  },
};
