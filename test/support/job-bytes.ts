// What the bytes of a job hold of a number: as it is, in a packed chunk, or within the id of a message.
import { zstdDecompressSync } from 'node:zlib';

/** `number`: E.164 with +. */
export function bytesHold(bytes: Buffer | null, number: string): boolean {
  if (bytes === null) return false;
  const digits = number.slice(1);
  const plain = unpacked(bytes).toString('latin1');
  const ids = plain.match(/[A-Za-z0-9+/]{20,}={0,2}/g) ?? [];
  return plain.includes(digits) || ids.some((id) => Buffer.from(id, 'base64').includes(digits));
}

function unpacked(bytes: Buffer): Buffer {
  try {
    return zstdDecompressSync(bytes);
  } catch {
    return bytes;
  }
}
