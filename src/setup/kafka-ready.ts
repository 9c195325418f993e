// Asks a Kafka broker for its cluster over a bare socket: this floor has no Kafka client, and a client's retries
// and warnings have no place in a question that is asked until it is answered.
import { connect } from 'node:net';

/** Whether one of `host:port,…` answers a metadata request and names a controller: only then can topics be created. */
export async function clusterAnswers(brokers: string): Promise<boolean> {
  const asked = brokers.split(',').map((broker) => {
    const [host = '', port = '9092'] = broker.trim().split(/:(?=\d+$)/);
    return namesController(host, Number(port));
  });
  return (await Promise.all(asked)).some(Boolean);
}

function namesController(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2_000 });
    let reply = Buffer.alloc(0);
    const end = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => socket.write(metadataRequest));
    socket.on('data', (part) => {
      reply = Buffer.concat([reply, part]);
      if (reply.length >= 4 && reply.length >= 4 + reply.readInt32BE(0)) end(controllerOf(reply) >= 0);
    });
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

/** Metadata (api 3) version 1, about no topic: size, api, version, correlation id, no client id, empty list. */
const metadataRequest = (() => {
  const request = Buffer.alloc(18);
  request.writeInt32BE(14, 0);
  request.writeInt16BE(3, 4);
  request.writeInt16BE(1, 6);
  request.writeInt32BE(1, 8);
  request.writeInt16BE(-1, 12);
  request.writeInt32BE(0, 14);
  return request;
})();

/** The controller's node id in the reply, -1 for none: size, correlation id, brokers (id, host, port, rack), controller. */
function controllerOf(reply: Buffer): number {
  try {
    let at = 12;
    for (let left = reply.readInt32BE(8); left > 0; left--) {
      at += 4;
      at += 2 + reply.readInt16BE(at);
      at += 4;
      at += 2 + Math.max(0, reply.readInt16BE(at));
    }
    return reply.readInt32BE(8) > 0 ? reply.readInt32BE(at) : -1;
  } catch {
    return -1; // not a Kafka broker
  }
}
