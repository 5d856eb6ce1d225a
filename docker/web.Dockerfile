# weft/videos-web: the page and the small server it comes from. VERSION is 1 or 2.
FROM node:24-bookworm-slim
ARG VERSION=1
COPY dist /app
ENV NODE_ENV=production PORT=8080 VERSION=${VERSION}
USER 1000:1000
WORKDIR /app
EXPOSE 8080
CMD ["node", "--enable-source-maps", "/app/main.js"]
