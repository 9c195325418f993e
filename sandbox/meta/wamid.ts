// Message ids as Meta mints them for outgoing messages, byte for byte (reference/meta-cloud-api.md §5.2):
// `wamid.` + base64( 1c 18 <len> <digits of the recipient> 15 02 00 11 18 12 <18 upper-case hex digits> 00 ).
import { randomBytes } from 'node:crypto';

const HEX_DIGITS = 18;

/** The id of a message to these digits with this serial of 18 upper-case hex digits. */
export function wamidOf(waId: string, serial: string): string {
  const bytes = `\x1c\x18${String.fromCharCode(waId.length)}${waId}\x15\x02\x00\x11\x18\x12${serial}\x00`;
  return `wamid.${Buffer.from(bytes, 'latin1').toString('base64')}`;
}

const SERIAL_BYTES = HEX_DIGITS / 2;
const POOL_SERIALS = 1_024;

/** A source of serials as random as Meta's: nine bytes each, so two are never the same and none compresses better than a real one. */
export function serialSource(): () => string {
  let pool = '';
  let at = 0;
  return () => {
    if (at >= pool.length) {
      pool = randomBytes(SERIAL_BYTES * POOL_SERIALS)
        .toString('hex')
        .toUpperCase();
      at = 0;
    }
    at += HEX_DIGITS;
    return pool.slice(at - HEX_DIGITS, at);
  };
}
