import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '@weft/api-envoy';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import { clusterPlaces } from './cluster-places.ts';

test('clusters are found where routes name them: alone, with weights and for mirrors', () => {
  const text = `
name: l
filter_chains:
- filters:
  - name: hcm
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
      stat_prefix: in
      route_config:
        virtual_hosts:
        - name: all
          domains: ["*"]
          routes:
          - {match: {prefix: /a}, route: {cluster: one, request_mirror_policies: [{cluster: shadow}]}}
          - {match: {prefix: /b}, redirect: {https_redirect: true}}
          - {match: {prefix: /c}, route: {weighted_clusters: {clusters: [{name: two, weight: 1}, {name: three, weight: 1}]}}}
`;
  const { message, faults } = loadConfig({ text, file: 'l', typeName: 'envoy.config.listener.v3.Listener' });
  assert.deepEqual(faults, []);
  const routes = 'filter_chains.0.filters.0.typed_config.route_config.virtual_hosts.0.routes';
  assert.deepEqual(
    clusterPlaces(message as Listener).map(({ cluster, path }) => `${cluster} ${path.join('.')}`),
    [
      `one ${routes}.0.route.cluster`,
      `shadow ${routes}.0.route.request_mirror_policies.0.cluster`,
      `two ${routes}.2.route.weighted_clusters.clusters.0.name`,
      `three ${routes}.2.route.weighted_clusters.clusters.1.name`,
    ],
  );
});

test('routes that say that their clusters need not be there yet name none', () => {
  const text = `
name: l
filter_chains:
- filters:
  - name: hcm
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
      stat_prefix: in
      route_config:
        validate_clusters: false
        virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: one}}]}]
`;
  const { message } = loadConfig({ text, file: 'l', typeName: 'envoy.config.listener.v3.Listener' });
  assert.deepEqual(clusterPlaces(message as Listener), []);
});
