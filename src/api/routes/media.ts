// POST /v1/media: one file as a form, streamed to disk; its upload to the platform is a job.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Accept, BulkReply } from '../../accept/port.ts';
import { type Failure, refused } from '../../base/failure.ts';
import { BrokenForm, type FilePart, readForm } from '../../base/multipart.ts';
import { MEDIA_TYPES } from '../../contract/media.ts';
import type { LedgerReader } from '../../ledger/port.ts';
import type { MediaFolder, WrittenFile } from '../../media/folder.ts';
import { askedBy, headerOf } from '../accepted.ts';
import { invalidBody } from '../json-body.ts';
import { noQuery, parseQuery } from '../query.ts';
import { streamed } from '../streamed.ts';

export interface MediaRoutesOptions {
  accept: Accept;
  ledger: Pick<LedgerReader, 'job'>;
  media: MediaFolder;
}

/** Files of one process that come in at a time. */
const MAX_FILES = 8;
const BOUNDS = { fields: 4, fieldBytes: 256 };
const NAME_MAX = 240;

export function mediaRoutes(app: FastifyInstance, options: MediaRoutesOptions): void {
  const config = { scope: 'media:write' as const, streams: true as const };
  const bound = { most: MAX_FILES, full: 'Too many files come in just now.' };
  app.post(
    '/v1/media',
    { config },
    streamed(bound, (request) => take(options, request), options.ledger),
  );
}

async function take({ accept, media }: MediaRoutesOptions, request: FastifyRequest): Promise<BulkReply> {
  parseQuery(noQuery, request.query);
  const contentType = headerOf(request, 'content-type') ?? '';
  const encoding = headerOf(request, 'content-encoding') ?? 'identity';
  if (!/^multipart\/form-data\s*;/i.test(contentType) || encoding !== 'identity')
    throw refused(
      'unsupported_media_type',
      'The body must be multipart/form-data, without a content-encoding.',
    );
  const files: (WrittenFile & { type: string; name: string })[] = [];
  try {
    const fields = await readForm(request.raw, contentType, BOUNDS, async (part) => {
      checkPart(part);
      const { type, name } = part;
      files.push({ ...(await media.write(part.bytes, type)), type, name: name.slice(-NAME_MAX) });
    });
    const [file] = files;
    if (!file) throw invalidBody([{ path: 'file', code: 'missing', message: 'must be there' }]);
    const { type, bytes, sha256, name } = file;
    return await accept.media({
      ...askedBy(request),
      query: '',
      // What separates the parts of a form differs each time: the same request is the same fields and the same file.
      contentType: 'multipart/form-data',
      raw: Buffer.from(JSON.stringify({ ...Object.fromEntries(fields), type, bytes, sha256, name })),
      prepare: (job) => media.keep(file, job),
    });
  } catch (error) {
    throw error instanceof BrokenForm ? broken(error.message) : error;
  } finally {
    for (const { path } of files) await media.remove(path);
  }
}

/** Throws before a byte of it is kept. */
function checkPart({ field, type, bytes }: FilePart): void {
  const failure = partProblem(field, type);
  if (!failure) return;
  bytes.resume();
  throw failure;
}

function partProblem(field: string, type: string): Failure | undefined {
  if (field !== 'file')
    return invalidBody([
      { path: field.slice(0, 64), code: 'unknown_field', message: 'is not a known field' },
    ]);
  if (Object.hasOwn(MEDIA_TYPES, type)) return undefined;
  const message = `must be one of ${Object.keys(MEDIA_TYPES).join(', ')}`;
  return refused('unsupported_media_type', `The content type of the file ${message}.`, [
    { path: 'file', code: 'unknown_type', message },
  ]);
}

const broken = (why: string): Failure => refused('invalid_request', `The form cannot be read: ${why}.`);
