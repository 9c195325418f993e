// What became of the items of one chunk: lines appended as outcomes come in, folded into one compressed blob once the chunk is whole.
// Measured with Meta's message ids, 500 to a chunk: 98 B a line, 21 B folded (the id's base64 is undone before zstd sees it).
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** The last word on one item. */
export interface Result {
  index: number;
  /** Unix milliseconds. */
  atMs: number;
  providerId: string | null;
  error: { code: string; message: string } | null;
}

const ID_KIND = 'p';
const ERROR_KIND = 'e';
/** Only the time moves: a receipt of a message whose id is known. */
const TIME_KIND = 't';
const WAMID = 'wamid.';
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const MAX_BLOB_BYTES = 4 * 1024 * 1024;

/** One line: index, time, kind, value, separated by tabs. */
export function resultLine({ index, atMs, providerId, error }: Result): string {
  const value =
    providerId === null
      ? `${ERROR_KIND}\t${oneLine(error?.code ?? '')} ${oneLine(error?.message ?? '')}`
      : `${ID_KIND}\t${oneLine(providerId)}`;
  return `${index}\t${atMs.toString(36)}\t${value}\n`;
}

const oneLine = (text: string): string => text.replace(/[\t\n\r]/g, ' ');

/**
 * Lines → the last result of each item. A refusal that comes after the id of the message keeps the id: the platform first took it.
 * Walks the text: splitting it took most of a fold's time.
 */
export function readLines(lines: string, into = new Map<number, Result>()): Map<number, Result> {
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf('\n', start);
    if (end < 0) break;
    readLine(lines, start, end, into);
    start = end + 1;
  }
  return into;
}

function readLine(lines: string, start: number, end: number, into: Map<number, Result>): void {
  const at = lines.indexOf('\t', start) + 1;
  const kind = lines.indexOf('\t', at) + 1;
  const value = lines.slice(kind + 2, end);
  const index = Number(lines.slice(start, at - 1));
  const atMs = Number.parseInt(lines.slice(at, kind - 1), 36);
  const before = into.get(index);
  if (lines[kind] === ID_KIND) {
    into.set(index, { index, atMs, providerId: value, error: null });
  } else if (lines[kind] === TIME_KIND) {
    into.set(index, { index, providerId: null, error: null, ...before, atMs });
  } else {
    const space = value.indexOf(' ');
    const error = { code: value.slice(0, space), message: value.slice(space + 1) };
    into.set(index, { index, atMs, providerId: before?.providerId ?? null, error });
  }
}

/** Results → one blob, by index. Columns, so that like stands beside like. */
export function foldResults(results: ReadonlyMap<number, Result>): Buffer {
  const sorted = [...results.values()].sort((a, b) => a.index - b.index);
  const first = sorted.reduce((least, { atMs }) => Math.min(least, atMs), Number.POSITIVE_INFINITY);
  // One buffer for all ids: one for each took half of a fold's time.
  const ids = Buffer.allocUnsafe(sorted.reduce((sum, { providerId }) => sum + packedMax(providerId), 0));
  let before = 0;
  let end = 0;
  const head = sorted.map(({ index, atMs, providerId, error }): Head => {
    const step = index - before;
    before = index;
    const length = providerId === null ? 0 : packId(providerId, ids, end);
    end += length;
    if (length > 0 && !error) return [step, atMs - first, length];
    const tail = [error?.code ?? '', error?.message ?? '', ...(length > 0 ? [length] : [])];
    return [step, atMs - first, tail];
  });
  const text = Buffer.from(JSON.stringify([first, head]));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return zstdCompressSync(Buffer.concat([length, text, ids.subarray(0, end)]), FAST);
}

/** The tail: the length of the id, or what failed: code, message and the length of the id, if it has one. */
type Head = [indexStep: number, at: number, tail: number | (string | number)[]];

/** The blob of `foldResults` → results. */
export function unfoldResults(blob: Buffer): Map<number, Result> {
  const raw = zstdDecompressSync(blob, { maxOutputLength: MAX_BLOB_BYTES });
  const textEnd = 4 + raw.readUInt32LE(0);
  const [first, head] = JSON.parse(raw.subarray(4, textEnd).toString('utf8')) as [number, Head[]];
  const results = new Map<number, Result>();
  let index = 0;
  let at = textEnd;
  for (const [step, delay, tail] of head) {
    index += step;
    const result: Result = { index, atMs: first + delay, providerId: null, error: null };
    const length = typeof tail === 'number' ? tail : Number(tail[2] ?? 0);
    if (length > 0) result.providerId = unpackId(raw.subarray(at, at + length));
    at += length;
    if (typeof tail !== 'number') result.error = { code: String(tail[0]), message: String(tail[1]) };
    results.set(index, result);
  }
  return results;
}

/** A Meta id is base64 of bytes that repeat from id to id: as bytes they compress to a fifth. The first byte says which form follows. */
function packId(id: string, into: Buffer, at: number): number {
  if (id.startsWith(WAMID)) {
    const base64 = id.slice(WAMID.length);
    const end = at + 1 + into.write(base64, at + 1, 'base64');
    if (into.toString('base64', at + 1, end) === base64) {
      into[at] = 1;
      return end - at;
    }
  }
  into[at] = 0;
  return 1 + into.write(id, at + 1);
}

/** Bytes that the packed id may need: the form byte, and up to three for a character. */
const packedMax = (id: string | null): number => (id === null ? 0 : 1 + 3 * id.length);

const unpackId = (packed: Buffer): string =>
  packed[0] === 1 ? WAMID + packed.subarray(1).toString('base64') : packed.subarray(1).toString('utf8');
