// The body of an upload as it comes: decoded, bounded, and no faster than it is taken.
import type { FastifyRequest } from 'fastify';
import type { StreamFormat } from '../accept/stream-rows.ts';
import type { Clock } from '../base/clock.ts';
import { Failure, refused } from '../base/failure.ts';
import { decoderFor } from './body.ts';

/** From the first byte of an upload to its last. */
export const UPLOAD_MAX_MS = 6 * 3_600_000;
/** After decoding. */
const UPLOAD_MAX_BYTES = 8 * 1024 * 1024 * 1024;

const FORMATS: Readonly<Record<string, StreamFormat>> = {
  'text/csv': 'csv',
  'application/x-ndjson': 'ndjson',
};

/** Throws `unsupported_media_type`. */
export function formatOf(header: string | undefined): StreamFormat {
  const [type = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((one) => one.startsWith('charset='))?.replace(/^charset=|"/g, '');
  const format = Object.hasOwn(FORMATS, type) ? FORMATS[type] : undefined;
  if (format && (charset === undefined || charset === 'utf-8' || charset === 'utf8')) return format;
  throw refused(
    'unsupported_media_type',
    'The body must be text/csv or application/x-ndjson in UTF-8; a list as JSON goes to /v1/messages/bulk.',
  );
}

/** Its slices. Throws `Failure`: `unsupported_media_type`, `payload_too_large`, and what may be tried again: the connection broke, the time is over. */
export async function* uploadOf(request: FastifyRequest, clock: Clock): AsyncGenerator<Uint8Array> {
  const incoming = request.raw;
  const decoder = decoderFor(request.headers['content-encoding']);
  const timer = clock.after(UPLOAD_MAX_MS, () => incoming.destroy());
  const source = decoder ? incoming.pipe(decoder) : incoming;
  // What breaks the source is told below; a pipe does not hand on that its source was cut.
  incoming.once('close', () => {
    if (!incoming.complete) decoder?.destroy(new Error('cut'));
  });
  let bytes = 0;
  try {
    for await (const slice of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += slice.length;
      if (bytes > UPLOAD_MAX_BYTES)
        throw refused(
          'payload_too_large',
          `An upload must be at most ${UPLOAD_MAX_BYTES} bytes after decoding.`,
        );
      yield slice;
    }
    if (!incoming.complete) throw broken();
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (incoming.complete && decoder)
      throw refused('invalid_request', 'The body is not what its content-encoding says.');
    throw broken();
  } finally {
    timer.cancel();
    if (decoder) {
      incoming.unpipe(decoder);
      decoder.destroy();
    }
  }
}

/** The same body with the same key goes on. */
const broken = (): Failure =>
  new Failure({
    code: 'invalid_request',
    message: 'The request ended before its body did: send it again with the same idempotency key.',
    repeat: 'safe',
  });
