// Reads a request body as bytes, after content decoding, within two bounds: the route's own, and what all requests together may hold.
// A body that is refused is still read to its end, up to a bound, before the answer: an answer that closes the connection under a
// client that is still writing is often lost, and the client sees a reset in its place.
import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import { type Failure, refused, unavailable } from '../base/failure.ts';
import type { BodyBudget, BodyLease } from './body-budget.ts';

/** Bodies of routes that do not say otherwise. */
export const BODY_MAX_BYTES = 64 * 1024;
/** Bodies of bulk routes, before and after decoding. */
export const BULK_BODY_MAX_BYTES = 5 * 1024 * 1024;
/** What is read, and thrown away, of a body that was refused. */
const DRAIN_MAX_BYTES = 16 * 1024 * 1024;
const DECODED_SLICE_BYTES = 64 * 1024;
/** The bodies of others are read and gone in about this time. */
const BUSY_RETRY_MS = 1_000;

const DECODERS: Record<string, () => Transform> = {
  gzip: () => createGunzip({ chunkSize: DECODED_SLICE_BYTES }),
  'x-gzip': () => createGunzip({ chunkSize: DECODED_SLICE_BYTES }),
  deflate: () => createInflate({ chunkSize: DECODED_SLICE_BYTES }),
  br: () => createBrotliDecompress({ chunkSize: DECODED_SLICE_BYTES }),
};

/** What a route gets: the bytes, and the lease that it gives back when it no longer holds them. */
export interface Body {
  raw: Buffer;
  lease: BodyLease;
}

/** Throws `Failure`: `unsupported_media_type`, `payload_too_large`, `unavailable` (too much in flight), `invalid_request` (broken encoding). */
export async function readBody(request: FastifyRequest, budget: BodyBudget): Promise<Body> {
  const incoming = request.raw;
  const limit = request.routeOptions.bodyLimit ?? BODY_MAX_BYTES;
  const lease = budget.open();
  try {
    checkType(request.headers['content-type']);
    const decoder = decoderFor(request.headers['content-encoding']);
    if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
    return { raw: await collect(incoming, decoder, limit, lease), lease };
  } catch (error) {
    lease.release();
    await drain(incoming);
    throw error;
  }
}

/** JSON in UTF-8. Nothing is parsed by this choice, so a strange spelling can only be refused, never let something by. */
function checkType(header: string | undefined): void {
  const [type = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters
    .find((one) => one.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  if (type === 'application/json' && (charset === undefined || charset === 'utf-8' || charset === 'utf8'))
    return;
  throw refused('unsupported_media_type', 'The body must be JSON in UTF-8: content-type: application/json.');
}

export function decoderFor(header: string | undefined): Transform | undefined {
  const encoding = (header ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return undefined;
  const make = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (make) return make();
  throw refused(
    'unsupported_media_type',
    'The content-encoding must be gzip, deflate, br or identity, and only one of them.',
  );
}

const tooLarge = (limit: number): Failure =>
  refused('payload_too_large', `The body must be at most ${limit} bytes, before and after decoding.`);

/** Listeners rather than `for await`: leaving that loop early destroys the socket, and with it the answer. */
function collect(
  incoming: IncomingMessage,
  decoder: Transform | undefined,
  limit: number,
  lease: BodyLease,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const slices: Buffer[] = [];
    let [received, decoded] = [0, 0];
    const source = decoder ?? incoming;
    const finish = (failure?: Failure): void => {
      incoming.off('data', onReceived).off('close', onGone);
      source.off('data', onDecoded).off('end', onEnd);
      if (failure !== undefined && decoder) {
        incoming.unpipe(decoder);
        decoder.destroy();
      }
      if (failure === undefined) resolve(Buffer.concat(slices, decoded));
      else reject(failure);
    };
    const onReceived = (slice: Buffer): void => {
      received += slice.length;
      if (received > limit) finish(tooLarge(limit));
    };
    const onDecoded = (slice: Buffer): void => {
      decoded += slice.length;
      if (decoded > limit) finish(tooLarge(limit));
      else if (lease.take(slice.length)) slices.push(slice);
      else finish(unavailable('Too many large requests are being read just now.', undefined, BUSY_RETRY_MS));
    };
    const onEnd = (): void => finish();
    const onGone = (): void => {
      if (!incoming.complete) finish(refused('invalid_request', 'The request ended before its body did.'));
    };
    incoming.on('close', onGone);
    source.on('data', onDecoded).on('end', onEnd);
    if (!decoder) return;
    decoder.on('error', () =>
      finish(refused('invalid_request', 'The body is not what its content-encoding says.')),
    );
    incoming.on('data', onReceived).pipe(decoder);
  });
}

/** Resolves when the rest has come, the connection is gone, or there is more of it than we care to read. */
export function drain(incoming: IncomingMessage): Promise<void> {
  if (
    incoming.complete ||
    incoming.destroyed ||
    Number(incoming.headers['content-length'] ?? 0) > DRAIN_MAX_BYTES
  )
    return Promise.resolve();
  return new Promise((resolve) => {
    let received = 0;
    const done = (): void => {
      incoming.off('data', onSlice).off('end', done).off('close', done);
      resolve();
    };
    const onSlice = (slice: Buffer): void => {
      received += slice.length;
      if (received > DRAIN_MAX_BYTES) done();
    };
    incoming.on('data', onSlice).on('end', done).on('close', done);
    incoming.resume();
  });
}
