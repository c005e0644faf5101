# syntax=docker/dockerfile:1
# One image for all processes: api, worker, notifier, simulator, or a command of pombo. See docs/deployment.md.
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-bookworm-slim AS packages
ENV CI=true
WORKDIR /pombo
# Only the lock file decides about this layer.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
RUN npx --yes pnpm@12.21.0 fetch --prod
COPY packages packages
COPY apps apps
RUN npx --yes pnpm@12.21.0 install --prod --frozen-lockfile --offline

# The pages of the console: built with development packages, of which nothing goes further than this stage.
FROM node:${NODE_VERSION}-bookworm-slim AS console
ENV CI=true
WORKDIR /pombo
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
RUN npx --yes pnpm@12.21.0 fetch
COPY tsconfig.base.json ./
COPY packages packages
COPY apps apps
RUN npx --yes pnpm@12.21.0 install --frozen-lockfile --offline --filter "@pombo-app/console..."
RUN node apps/console/build.mjs

FROM node:${NODE_VERSION}-bookworm-slim
# The metrics port has no key: publish it to Prometheus only.
ENV NODE_ENV=production \
    POMBO_HOST=0.0.0.0 \
    POMBO_PORT=3000 \
    POMBO_METRICS_HOST=0.0.0.0 \
    POMBO_METRICS_PORT=9464 \
    POMBO_MEDIA_FOLDER=/data/media \
    TMPDIR=/data/media/incoming \
    NODE_COMPILE_CACHE=/pombo/compiled
WORKDIR /pombo
# A volume that is mounted here for the first time takes its owner from this folder.
RUN install -d -o 1000 -g 1000 -m 700 /data /data/media /data/media/incoming
COPY --from=packages /pombo ./
COPY --from=console /pombo/apps/console/dist apps/console/dist
COPY ops/image ops/image
# Each process starts in less than half of the time. Compiled by the user who runs it, and not writable for him afterwards.
RUN install -d -o 1000 -g 1000 compiled \
    && setpriv --reuid=1000 --regid=1000 --clear-groups ops/image/compile.sh \
    && chown -R root:root compiled \
    && chmod -R a+rX,go-w compiled
# The number, so that Kubernetes can see that it is not root.
USER 1000:1000
EXPOSE 3000 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["node", "ops/image/healthy.mjs"]
ENTRYPOINT ["/pombo/ops/image/run.sh"]
CMD ["api"]
