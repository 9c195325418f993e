// Media on the wire: what may be uploaded, how large, and by which first bytes a type is known. Sizes: reference of Meta §3.1.
import { z } from 'zod';

const KB = 1_024;
const MB = 1_024 * KB;
const IMAGE = 5 * MB;
const CLIP = 16 * MB;
const DOCUMENT = 100 * MB;
/** So many bytes tell the type. */
export const HEAD_BYTES = 64;

interface MediaType {
  maxBytes: number;
  /** Whether a file of this type may begin so. */
  begins(head: Buffer): boolean;
}

const at =
  (offset: number, ...texts: string[]) =>
  (head: Buffer): boolean =>
    texts.some((text) => head.subarray(offset, offset + text.length).equals(Buffer.from(text, 'latin1')));
const isBox = at(4, 'ftyp');
const isPlain = (head: Buffer): boolean => !head.includes(0);
const isMpegAudio = (head: Buffer): boolean =>
  at(0, 'ID3')(head) || (head[0] === 0xff && ((head[1] ?? 0) & 0xe0) === 0xe0);
const isWebp = (head: Buffer): boolean => at(0, 'RIFF')(head) && at(8, 'WEBP')(head);
const isZip = at(0, 'PK\x03\x04');
const isOldOffice = at(0, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1');
const OFFICE = 'application/vnd.openxmlformats-officedocument';

export const MEDIA_TYPES: Readonly<Record<string, MediaType>> = {
  'image/jpeg': { maxBytes: IMAGE, begins: at(0, '\xff\xd8\xff') },
  'image/png': { maxBytes: IMAGE, begins: at(0, '\x89PNG\r\n\x1a\n') },
  'image/webp': { maxBytes: 500 * KB, begins: isWebp },
  'audio/aac': { maxBytes: CLIP, begins: at(0, '\xff\xf1', '\xff\xf9') },
  'audio/amr': { maxBytes: CLIP, begins: at(0, '#!AMR') },
  'audio/mpeg': { maxBytes: CLIP, begins: isMpegAudio },
  'audio/mp4': { maxBytes: CLIP, begins: isBox },
  'audio/ogg': { maxBytes: CLIP, begins: at(0, 'OggS') },
  'video/3gpp': { maxBytes: CLIP, begins: isBox },
  'video/mp4': { maxBytes: CLIP, begins: isBox },
  'text/plain': { maxBytes: DOCUMENT, begins: isPlain },
  'application/pdf': { maxBytes: DOCUMENT, begins: at(0, '%PDF-') },
  'application/msword': { maxBytes: DOCUMENT, begins: isOldOffice },
  'application/vnd.ms-excel': { maxBytes: DOCUMENT, begins: isOldOffice },
  'application/vnd.ms-powerpoint': { maxBytes: DOCUMENT, begins: isOldOffice },
  [`${OFFICE}.wordprocessingml.document`]: { maxBytes: DOCUMENT, begins: isZip },
  [`${OFFICE}.spreadsheetml.sheet`]: { maxBytes: DOCUMENT, begins: isZip },
  [`${OFFICE}.presentationml.presentation`]: { maxBytes: DOCUMENT, begins: isZip },
};

/** A file as a job holds it: its bytes stand beside, under the job's id. */
export const newMediaSchema = z.strictObject({
  type: z.string(),
  bytes: z.int().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** As the client named it; documents keep it. */
  name: z.string().max(240),
});

/** `POST /v1/media`, once its file is on disk. */
export const mediaRequestSchema = newMediaSchema.extend({ sender: z.string().min(1).max(64) });

/** The form as it is sent. */
export const mediaFormSchema = z.strictObject({
  sender: z.string().min(1).max(64),
  file: z.string().meta({
    format: 'binary',
    description: `With its content type, one of ${Object.keys(MEDIA_TYPES).join(', ')}.`,
  }),
});
