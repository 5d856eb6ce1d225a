# weft/proxy: the data plane in one file, beside its descriptors. `npm run images` bundles it first.
FROM node:24-bookworm-slim
COPY dist /weft
# What V8 makes of the source is kept with the image, for the flags and the user that the image runs with: a third of a start.
ENV NODE_COMPILE_CACHE=/weft/compile-cache
RUN ["install", "-d", "-o", "1000", "-g", "1000", "/weft/compile-cache"]
USER 1000:1000
RUN ["node", "--enable-source-maps", "--no-parallel-scavenge", "--invocation-count-for-turbofan=50000", "--incremental-marking-soft-trigger=20", "--incremental-marking-hard-trigger=10", "/weft/bin/main.js", "--mode", "validate", "--config-yaml", "{static_resources: {listeners: [{address: {socket_address: {address: 127.0.0.1, port_value: 0}}, filter_chains: [{filters: [{name: http, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, stat_prefix: http, route_config: {}, http_filters: [{name: router, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]}}]}]}]}}"]
WORKDIR /tmp
EXPOSE 9901
# The compiler that takes longest waits until code is hot beyond doubt: else it takes a processor from the first requests.
# Old garbage is looked for when four fifths of its room are taken: by default the engine does as soon as less room is left than
# the young generation has, which under load is always, and then collects all of it several times a second.
# Threads that collect garbage side by side cost more CPU than they save time: a proxy's garbage is short-lived and small.
ENTRYPOINT ["node", "--enable-source-maps", "--no-parallel-scavenge", "--invocation-count-for-turbofan=50000", "--incremental-marking-soft-trigger=20", "--incremental-marking-hard-trigger=10", "/weft/bin/main.js"]
CMD ["-c", "/etc/envoy/envoy.yaml"]
