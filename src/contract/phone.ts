// Phone numbers as people write them → E.164 with "+". One pass over the characters: no pattern that could backtrack.

const MIN_DIGITS = 7;
const MAX_DIGITS = 15;
/** "+", "00", 15 digits, and generous punctuation. Anything longer is no number, and is not read to its end. */
const MAX_CHARACTERS = 40;
/**
 * Without "+" or "00" a number counts as international only from this many digits on. Shorter ones are mostly national
 * (a US number without its 1 has 10): reading them as international would deliver to a stranger in another country.
 */
const MIN_DIGITS_WITHOUT_PREFIX = 11;

const ZERO = 48;
const NINE = 57;
const FIVE = 53;
const PLUS = 43;
/** "+55", an area code, 9, and eight digits of which the first says "mobile" even without the 9. */
const BRAZIL = /^\+55\d\d9[6-9]/;
const LONG_BRAZIL = 14;
/** "+52", 1, and ten digits. */
const LONG_MEXICO = 14;
/** space, "(", ")", "-", "." */
const PUNCTUATION = new Set([32, 40, 41, 45, 46]);

/**
 * "+1 (650) 555-1234", "0016505551234", "16505551234" → "+16505551234"; undefined when it is no international number.
 * Spaces, dashes, dots and parentheses are dropped, "00" at the start means "+". 7 to 15 digits, the first not 0.
 */
export function normalisePhone(text: string): string | undefined {
  if (isClean(text)) return text;
  if (text.length > MAX_CHARACTERS) return undefined;
  let digits = '';
  let plus = false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code >= ZERO && code <= NINE) digits += text[i];
    else if (code === PLUS && !plus && digits === '') plus = true;
    else if (!PUNCTUATION.has(code)) return undefined;
  }
  const prefixed = plus || digits.startsWith('00');
  if (!plus && prefixed) digits = digits.slice(2);
  const least = prefixed ? MIN_DIGITS : MIN_DIGITS_WITHOUT_PREFIX;
  if (digits.length < least || digits.length > MAX_DIGITS || digits.charCodeAt(0) === ZERO) return undefined;
  return `+${digits}`;
}

/**
 * The one spelling of a number (E.164) that is in use in two: Brazil's mobile numbers with and without the 9 that was put before them, where
 * the rest could be nothing else, and Mexico's with and without the 1. Who is written to stays as the client said it: this names the person.
 */
export function samePhone(number: string): string {
  if (number.charCodeAt(1) !== FIVE) return number;
  if (number.length === LONG_BRAZIL && BRAZIL.test(number)) return number.slice(0, 5) + number.slice(6);
  if (number.length === LONG_MEXICO && number.startsWith('+521')) return `+52${number.slice(4)}`;
  return number;
}

/** Already "+" and digits, as nearly every number of a real list is: nothing is built anew. */
function isClean(text: string): boolean {
  const digits = text.length - 1;
  if (
    digits < MIN_DIGITS ||
    digits > MAX_DIGITS ||
    text.charCodeAt(0) !== PLUS ||
    text.charCodeAt(1) === ZERO
  )
    return false;
  for (let i = 1; i <= digits; i += 1) {
    const code = text.charCodeAt(i);
    if (code < ZERO || code > NINE) return false;
  }
  return true;
}
