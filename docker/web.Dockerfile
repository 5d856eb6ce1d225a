# weft/videos-web: the built pages (/app/v1, /app/v2) and the small server they come from. VERSION is 1 or 2.
FROM node:24-bookworm-slim
ARG VERSION=1
COPY dist /app
ENV NODE_ENV=production PORT=8080 WEB_ROOT=/app VERSION=${VERSION}
USER 1000:1000
WORKDIR /app
EXPOSE 8080
CMD ["node", "--enable-source-maps", "/app/server/main.js"]
