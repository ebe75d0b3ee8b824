# syntax=docker/dockerfile:1

# better-sqlite3 compiles where no prebuilt binary fits, so the build stages have a compiler and the last one has not.
FROM node:22-bookworm-slim AS toolchain
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 make g++ \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY package.json package-lock.json ./

FROM toolchain AS production
RUN npm ci --omit=dev --no-audit --no-fund

FROM toolchain AS bundle
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY analyzers ./analyzers
COPY baselines ./baselines
COPY src ./src
RUN npm run build:product

FROM node:22-bookworm-slim
ENV NODE_ENV=production \
    HALDANE_HOST=0.0.0.0 \
    HALDANE_DATA=/data
WORKDIR /app
COPY --from=production /build/node_modules ./node_modules
COPY --from=bundle /build/dist ./dist
COPY package.json README.md CHANGELOG.md ./
COPY docs ./docs
RUN install -d -o node -g node /data
USER node
VOLUME /data
EXPOSE 8080 4318
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HALDANE_PORT ?? 8080}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
