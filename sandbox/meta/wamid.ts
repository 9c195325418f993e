// Message ids as Meta mints them for outgoing messages, byte for byte (reference/meta-cloud-api.md §5.2):
// `wamid.` + base64( 1c 18 <len> <digits of the recipient> 15 02 00 11 18 12 <18 upper-case hex digits> 00 ).
import { randomBytes } from 'node:crypto';

const HEX_DIGITS = 18;
const RANDOM_DIGITS = 8;

/** The id of a message to these digits with this serial of 18 upper-case hex digits. */
export function wamidOf(waId: string, serial: string): string {
  const bytes = `\x1c\x18${String.fromCharCode(waId.length)}${waId}\x15\x02\x00\x11\x18\x12${serial}\x00`;
  return `wamid.${Buffer.from(bytes, 'latin1').toString('base64')}`;
}

/** A source of serials that never repeat: random digits of this run, then a counter. */
export function serialSource(): () => string {
  const run = randomBytes(RANDOM_DIGITS / 2)
    .toString('hex')
    .toUpperCase();
  let minted = 0;
  return () => {
    minted += 1;
    return (
      run +
      minted
        .toString(16)
        .toUpperCase()
        .padStart(HEX_DIGITS - RANDOM_DIGITS, '0')
    );
  };
}
