// A TCP proxy whose answers can be swallowed and whose connections can be cut: the network between a command and its reply.
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';

export interface Tap {
  port: number;
  /** Resolves when an answer with `text` came: it and all that follows on its connection goes nowhere. */
  swallowFrom(text: string): Promise<void>;
  /** Ends every connection; later ones work. */
  cut(): void;
  close(): void;
}

export async function createTap(connect: () => Socket): Promise<Tap> {
  const open = new Set<Socket>();
  let trap: { text: string; sprung: () => void } | undefined;
  const server = net.createServer((near) => {
    const far = connect();
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
    near.on('data', (bytes) => far.write(bytes));
    let swallowing = false;
    far.on('data', (bytes) => {
      if (trap && bytes.includes(trap.text)) {
        swallowing = true;
        trap.sprung();
        trap = undefined;
      }
      if (!swallowing) near.write(bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    swallowFrom: (text) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      trap = { text, sprung: resolve };
      return promise;
    },
    cut,
    close: () => {
      cut();
      server.close();
    },
  };
}
