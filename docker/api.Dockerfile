# weft/playlists-api and weft/videos-api: the bundled service, and the command that seeds its Redis (/app/seed.js).
FROM node:24-bookworm-slim
COPY dist /app
ENV NODE_ENV=production PORT=10010
USER 1000:1000
WORKDIR /app
EXPOSE 10010
CMD ["node", "--enable-source-maps", "/app/main.js"]
