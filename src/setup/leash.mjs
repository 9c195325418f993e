// Loaded before a program that `run.mjs` starts: ends the program when its parent is gone, however it went.
// The parent holds the other end of fd 3 and never writes; an end of file there means nobody waits for us any more.
import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';

// The variable is taken out at once: programs that this one starts have another fd 3.
if (isMainThread && process.env.SLUICE_LEASH === '1') {
  delete process.env.SLUICE_LEASH;
  const parent = new Socket({ fd: 3, readable: true, writable: false });
  parent.on('error', () => {});
  parent.on('close', () => {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.exit(143), 15_000).unref();
  });
  parent.resume();
  parent.unref();
}
