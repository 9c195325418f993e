// Loaded into a dispatch process of the faults harness. On SIGUSR2 it reads from FREEZE_FILE where it is to stop itself, once, as if by SIGSTOP
// at that very moment: `claim` (its take is answered), `record` (the log has taken the record of its calls), `before` (the next byte to
// be written is a call's first) or `after` (the call is written). It says that it stops by a line with its pid in FREEZE_FILE.stopped.
import { appendFileSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';

const file = process.env.FREEZE_FILE ?? '';
/** As workers/dispatch/lua/take.lua answers with grants. */
const GRANTS = /\d{16}\|[^|]*\|\d*\|[^|]*\|[01]\|\d*\|\d+,job_/;
const PRODUCE = 0;
let point = '';

process.on('SIGUSR2', () => {
  point = readFileSync(file, 'utf8').trim();
});

function stop() {
  point = '';
  appendFileSync(`${file}.stopped`, `${process.pid}\n`);
  process.kill(process.pid, 'SIGSTOP');
}

/** The number of the request that brings the log a record of calls to be made, by its connection. */
const recording = new WeakMap();

const textOf = (data, many) =>
  many ? data.map(({ chunk }) => chunk.toString('latin1')).join('') : data.toString('latin1');

const write = Socket.prototype._writeGeneric;
Socket.prototype._writeGeneric = function (many, data, ...rest) {
  if (point === '' || point === 'claim') return write.call(this, many, data, ...rest);
  const text = textOf(data, many);
  const calls = text.startsWith('POST ') && text.slice(0, 200).includes('/messages ');
  if (calls && point === 'before') stop();
  const written = write.call(this, many, data, ...rest);
  if (calls && point === 'after') stop();
  if (point === 'record' && text.includes('.attempts') && text.includes('"type":"started"')) {
    const head = Buffer.from(text.slice(0, 12), 'latin1');
    if (head.readInt16BE(4) === PRODUCE) recording.set(this, head.readInt32BE(8));
  }
  return written;
};

Socket.prototype.emit = function (name, data, ...rest) {
  if (point !== '' && name === 'data' && reached(this, data)) stop();
  return Object.getPrototypeOf(Socket.prototype).emit.call(this, name, data, ...rest);
};

function reached(socket, data) {
  if (point === 'claim') return GRANTS.test(data.toString('latin1'));
  return point === 'record' && data.length >= 8 && recording.get(socket) === data.readInt32BE(4);
}
