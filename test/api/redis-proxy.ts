// A TCP proxy before Redis, so that a test can take Redis away from one program only, and give it back.
import { connect, createServer, type Socket } from 'node:net';

export interface RedisProxy {
  url: string;
  /** Breaks every connection and refuses new ones. */
  cut(): void;
  /** Keeps the connections, but nothing comes through. */
  freeze(): void;
  /** As it was. */
  mend(): void;
  close(): Promise<void>;
}

export async function redisProxy(target: string): Promise<RedisProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let away = false;
  const server = createServer((client) => {
    if (away) return client.destroy();
    const redis = connect(Number(port || 6379), hostname);
    for (const [one, other] of [
      [client, redis],
      [redis, client],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
  const cut = () => {
    away = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `redis://127.0.0.1:${address.port}`,
    cut,
    freeze: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    mend: () => {
      away = false;
      // Frozen connections are beyond repair: what they held is gone.
      for (const socket of sockets) if (socket.isPaused()) socket.destroy();
    },
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
