// A port of this machine: the usual one when nobody has it, else any free one.
import { createServer } from 'node:net';
import { answers, freePort } from '../../setup/program.ts';

export const HOST = '127.0.0.1';

export async function portNear(preferred: number): Promise<number> {
  // Asked both ways: some systems let two programs listen, one on this address and one on all of them.
  if (await answers(HOST, preferred, 500)) return freePort();
  return (await canListen(preferred)) ? preferred : freePort();
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}
