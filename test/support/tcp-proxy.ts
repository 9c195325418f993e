// Stands between processes and a service, and can part them: connections drop and none is let through until it heals.
import { connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  port: number;
  part(): void;
  heal(): void;
  close(): Promise<void>;
}

/** `cutAfterBytes`: the first connection that has sent so many breaks. */
export async function openTcpProxy(target: string, cutAfterBytes = Infinity): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let parted = false;
  let cutAfter = cutAfterBytes;
  const server = createServer((client) => {
    if (parted) return void client.destroy();
    const service = connect(Number(port), hostname);
    let sent = 0;
    client.on('data', (data) => {
      sent += data.length;
      if (sent < cutAfter) return;
      cutAfter = Infinity;
      client.destroy();
    });
    for (const [one, other] of [
      [client, service],
      [service, client],
    ] as const) {
      one.setNoDelay(true);
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    part: () => {
      parted = true;
      drop();
    },
    heal: () => {
      parted = false;
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      drop();
      await closed;
    },
  };
}
