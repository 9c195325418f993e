// Stands between a process and Redis, and can take away one reply: a script runs, its caller never hears of it.
// `cut` ends the connection in the place of the reply; `hang` leaves it open and says nothing more on it.
import { createHash } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { cut, isPush, words } from './resp.ts';

export type Loss = 'cut' | 'hang';

export interface RedisProxy {
  url: string;
  /** The next executed call of this script (its SHA-1) loses its reply, once. */
  lose(sha: string, loss?: Loss): void;
  /** Whether that has happened. */
  lost(): boolean;
  /** Executed calls per script since the start. */
  calls: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

interface Order {
  sha: string;
  loss: Loss;
}

export async function openRedisProxy(target: string): Promise<RedisProxy> {
  const { hostname, port } = new URL(target);
  const calls = new Map<string, number>();
  const sockets = new Set<Socket>();
  let order: Order | undefined;
  let lost = false;

  /** Says what is to happen in the place of this reply. */
  const onReply = (sha: string | undefined, reply: Buffer): Loss | undefined => {
    // NOSCRIPT: nothing ran; the caller follows with EVAL.
    if (sha === undefined || reply[0] === 0x2d) return undefined;
    calls.set(sha, (calls.get(sha) ?? 0) + 1);
    if (order?.sha !== sha) return undefined;
    const { loss } = order;
    order = undefined;
    lost = true;
    return loss;
  };

  const server = createServer((client) => {
    const redis = connect(Number(port), hostname);
    for (const socket of [client, redis]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        redis.destroy();
      });
    }
    join(client, redis, onReply);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
  return {
    url: `redis://127.0.0.1:${address.port}`,
    lose: (sha, loss = 'cut') => {
      order = { sha, loss };
      lost = false;
    },
    lost: () => lost,
    calls,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Redis answers in order: the n-th reply belongs to the n-th command. */
function join(
  client: Socket,
  redis: Socket,
  onReply: (sha: string | undefined, reply: Buffer) => Loss | undefined,
): void {
  const waiting: (string | undefined)[] = [];
  let asked: Buffer = Buffer.alloc(0);
  let answered: Buffer = Buffer.alloc(0);
  let silent = false;
  client.on('data', (bytes: Buffer) => {
    const { messages, rest } = cut(Buffer.concat([asked, bytes]));
    asked = rest;
    for (const message of messages) waiting.push(scriptOf(message));
    redis.write(bytes);
  });
  redis.on('data', (bytes: Buffer) => {
    if (silent) return;
    const { messages, rest } = cut(Buffer.concat([answered, bytes]));
    answered = rest;
    for (const message of messages) {
      const loss = isPush(message) ? undefined : onReply(waiting.shift(), message);
      if (loss === undefined) {
        client.write(message);
        continue;
      }
      silent = true;
      if (loss === 'cut') client.destroy();
      return;
    }
  });
}

function scriptOf(command: Buffer): string | undefined {
  // A look at the head saves reading the words of everything else.
  if (!/evalsha|eval/i.test(command.toString('latin1', 0, 24))) return undefined;
  const [name = '', script = ''] = words(command);
  if (/^evalsha$/i.test(name)) return script;
  return /^eval$/i.test(name)
    ? createHash('sha1').update(Buffer.from(script, 'latin1')).digest('hex')
    : undefined;
}
