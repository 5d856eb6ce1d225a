# weft/proxy: the data plane in one file, beside its descriptors. `npm run images` bundles it first.
FROM node:24-bookworm-slim
COPY dist /weft
USER 1000:1000
WORKDIR /tmp
EXPOSE 9901
# The compiler that takes longest waits until code is hot beyond doubt: else it takes a processor from the first requests.
# Threads that collect garbage side by side cost more CPU than they save time: a proxy's garbage is short-lived and small.
ENTRYPOINT ["node", "--enable-source-maps", "--no-parallel-scavenge", "--invocation-count-for-turbofan=50000", "/weft/bin/main.js"]
CMD ["-c", "/etc/envoy/envoy.yaml"]
