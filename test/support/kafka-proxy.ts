// Stands between a process and Kafka. A broker tells its clients where to connect; the proxy puts its own port in the place of the broker's,
// so that every connection goes through it. `close` refuses and drops connections; `mute` lets requests through and swallows the answers.
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface KafkaProxy {
  brokers: string;
  /** Kafka is gone: connections drop, new ones are refused. */
  close(): Promise<void>;
  /** Kafka works on, and nobody hears of it. */
  mute(): void;
  /** All is well again. Connections that were muted are dropped: their answers are lost. */
  heal(): Promise<void>;
  end(): Promise<void>;
}

export async function openKafkaProxy(target: string): Promise<KafkaProxy> {
  const [host = '', portText = ''] = target.split(':');
  const real = Number(portText);
  const sockets = new Set<Socket>();
  let muted = false;
  let port = 0;
  let server: Server | undefined;

  const join = (client: Socket): void => {
    const broker = connect(real, host);
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        broker.destroy();
      });
    }
    client.on('data', (data) => broker.write(data));
    broker.on('data', (data) => {
      if (!muted) client.write(readdressed(data, real, port));
    });
  };
  const open = async (): Promise<void> => {
    const listening = createServer(join);
    await new Promise<void>((resolve, reject) => {
      listening.once('error', reject);
      listening.listen(port, '127.0.0.1', resolve);
    });
    const address = listening.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    port = address.port;
    server = listening;
  };
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const close = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    if (!closing) return;
    const closed = new Promise<void>((resolve) => closing.close(() => resolve()));
    drop();
    await closed;
  };
  await open();
  return {
    brokers: `127.0.0.1:${port}`,
    close,
    mute: () => {
      muted = true;
    },
    heal: async () => {
      if (muted) drop();
      muted = false;
      if (!server) await open();
    },
    end: close,
  };
}

/** The broker's address in an answer: a host as Kafka writes strings (length, bytes), then its port in four bytes. */
function readdressed(data: Buffer, from: number, to: number): Buffer {
  const portBytes = Buffer.alloc(4);
  for (const host of ['127.0.0.1', 'localhost']) {
    const text = Buffer.from(host);
    for (let at = data.indexOf(text); at >= 0; at = data.indexOf(text, at + 1)) {
      const end = at + text.length;
      if (data.length < end + 4 || data.readUInt32BE(end) !== from) continue;
      portBytes.writeUInt32BE(to);
      portBytes.copy(data, end);
    }
  }
  return data;
}
