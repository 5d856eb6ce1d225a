# weft/proxy: the data plane in one file, beside its descriptors. `npm run images` bundles it first.
FROM node:24-bookworm-slim
COPY dist /weft
USER 1000:1000
WORKDIR /tmp
EXPOSE 9901
ENTRYPOINT ["node", "--enable-source-maps", "/weft/bin/main.js"]
CMD ["-c", "/etc/envoy/envoy.yaml"]
