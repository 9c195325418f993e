// One HTTP/1.1 exchange over a bare socket, for what no client library would send, and to see what happens to the connection.
import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  /** Head and body of everything that came until the end or the close. */
  text: string;
  /** The server ended the connection. */
  closed: boolean;
}

/** Sends the pieces, then reads until the server closes, or `enough` says that all of interest has come. */
export function exchange(
  url: string,
  pieces: (string | Buffer)[],
  enough?: (text: string) => boolean,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    const done = (closed: boolean): void => {
      socket.destroy();
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text, closed });
    };
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      for (const piece of pieces) socket.write(piece);
    });
    socket.on('data', (slice: string) => {
      text += slice;
      if (enough?.(text)) done(false);
    });
    socket.on('end', () => done(true));
    socket.on('error', (error) => (text === '' ? reject(error) : done(true)));
  });
}
