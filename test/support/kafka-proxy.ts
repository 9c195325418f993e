// Stands between a process and Kafka. A broker tells its clients where to connect, whatever it calls itself; the proxy puts its own address
// in the place of the broker's, so that every connection goes through it. `close` refuses and drops connections; `mute` lets requests through
// and swallows the answers; `lose` takes away a single produce, or its reply.
import { connect, createServer, type Server, type Socket } from 'node:net';

/** `reply`: the broker has stored it, and its answer never comes. `connection`: it drops before the broker has heard all of the request. */
export type ProduceLoss = 'reply' | 'connection';

export interface KafkaProxy {
  brokers: string;
  /** The next produce to a topic whose name ends so meets this. */
  lose(topic: string, loss: ProduceLoss): void;
  /** Whether every loss that was asked for has happened. */
  lost(): boolean;
  /** Kafka is gone: connections drop, new ones are refused. */
  close(): Promise<void>;
  /** Kafka works on, and nobody hears of it. */
  mute(): void;
  /** All is well again. Connections that were muted are dropped: their answers are lost. */
  heal(): Promise<void>;
  end(): Promise<void>;
}

interface Address {
  host: string;
  port: number;
}

export async function openKafkaProxy(target: string): Promise<KafkaProxy> {
  const [host = '', portText = ''] = target.split(':');
  const real: Address = { host, port: Number(portText) };
  const sockets = new Set<Socket>();
  let muted = false;
  let port = 0;
  let server: Server | undefined;
  const orders: { topic: string; loss: ProduceLoss }[] = [];

  /** What is to happen to this request. */
  const lossOf = (request: Buffer): ProduceLoss | undefined => {
    const i = orders.findIndex(({ topic }) => isProduce(request, topic));
    return i < 0 ? undefined : orders.splice(i, 1)[0]?.loss;
  };

  const join = (client: Socket): void => {
    const broker = connect(real.port, real.host);
    const mislaid = new Set<number>();
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        broker.destroy();
      });
    }
    const asked = frames();
    client.on('data', (data) => {
      for (const request of asked(data)) {
        const loss = lossOf(request);
        if (loss === 'reply') mislaid.add(correlationOf(request));
        if (loss === 'connection') {
          broker.write(request.subarray(0, request.length / 2));
          client.destroy();
          return;
        }
        broker.write(request);
      }
    });
    const whole = frames();
    broker.on('data', (data) => {
      for (const frame of whole(data))
        if (!muted && !mislaid.delete(frame.readInt32BE(4)))
          client.write(readdressed(frame, real, { host: '127.0.0.1', port }));
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
    lose: (topic, loss) => void orders.push({ topic, loss }),
    lost: () => orders.length === 0,
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

/**
 * Cuts what comes in into whole requests or answers: four bytes of length, then so many more. An address that stood across two chunks would
 * pass unseen, and its client would go around the proxy from then on.
 */
function frames(): (data: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  return (data) => {
    rest = rest.length === 0 ? data : Buffer.concat([rest, data]);
    const whole: Buffer[] = [];
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const end = 4 + rest.readUInt32BE(0);
      whole.push(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
    return whole;
  };
}

/** A request: its length (4 bytes), what it asks for (2), in which version (2), its number (4), who asks (2 of length, and its bytes), … */
const PRODUCE = 0;
const correlationOf = (request: Buffer): number => request.readInt32BE(8);
const isProduce = (request: Buffer, topic: string): boolean =>
  request.readInt16BE(4) === PRODUCE && request.subarray(0, TOPIC_WITHIN).includes(topic);
/** The name of the first topic stands so near to the start. */
const TOPIC_WITHIN = 512;

/** An answer in which the broker's address, a host as Kafka writes strings (two bytes of length, then its bytes) and a port in four, is the proxy's. */
function readdressed(frame: Buffer, real: Address, own: Address): Buffer {
  let text = frame;
  for (const host of new Set([real.host, '127.0.0.1', 'localhost'])) {
    const theirs = written({ host, port: real.port });
    const ours = written(own);
    for (let at = text.indexOf(theirs); at >= 0; at = text.indexOf(theirs, at + ours.length))
      text = Buffer.concat([text.subarray(0, at), ours, text.subarray(at + theirs.length)]);
  }
  if (text !== frame) text.writeUInt32BE(text.length - 4, 0);
  return text;
}

function written({ host, port }: Address): Buffer {
  const bytes = Buffer.alloc(2 + host.length + 4);
  bytes.writeUInt16BE(host.length, 0);
  bytes.write(host, 2, 'latin1');
  bytes.writeUInt32BE(port, 2 + host.length);
  return bytes;
}
