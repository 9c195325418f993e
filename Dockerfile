# One image for every process: docker-compose.yml chooses the command. Node runs the TypeScript sources as they are.
FROM node:24-slim

ENV NODE_ENV=production
WORKDIR /app

# Packages first: they change less often than the sources, and the layer is kept until they do.
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

COPY src ./src
COPY workers ./workers
COPY sandbox ./sandbox

# Files that wait for their upload; a volume that API and dispatch share.
RUN mkdir -p /var/lib/sluice/media && chown node:node /var/lib/sluice/media

# Everything above belongs to root: the service cannot change its own code.
USER node
