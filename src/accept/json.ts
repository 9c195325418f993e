// JSON from strangers: parsed within bounds, and without what JSON allows and nobody means. Its outline is looked at before parsing, because
// a deep body of 5 MB costs hundreds of megabytes to parse, and one of a million objects or fields holds the loop for a third of a second.
import { refused } from '../base/failure.ts';

/** Far more than any route's shape; the shapes say their own bounds. */
const DEPTH_MAX = 64;
/** Lists and objects of one body: 10,000 rows with some in each. */
const CONTAINERS_MAX = 100_000;
/** Fields of one object. */
const FIELDS_MAX = 1_000;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [PLAIN, TEXT, OPEN, CLOSE, COLON] = [0, 1, 2, 3, 4];
/** What a byte outside of texts means for the outline. */
const MEANING = new Uint8Array(256);
MEANING[QUOTE] = TEXT;
for (const open of '[{') MEANING[open.charCodeAt(0)] = OPEN;
for (const close of ']}') MEANING[close.charCodeAt(0)] = CLOSE;
MEANING[':'.charCodeAt(0)] = COLON;

/** Throws `invalid_request`. The parser's own message is not passed on: it quotes the body. */
export function parseJson(raw: Buffer): unknown {
  const excess = excessOf(raw);
  if (excess !== undefined) throw refused('invalid_request', excess);
  let value: unknown;
  try {
    value = JSON.parse(raw.toString('utf8'));
  } catch {
    throw refused('invalid_request', 'The body is not valid JSON');
  }
  const escaped = raw.includes('\\u');
  if (escaped || raw.includes('__proto__')) checkNames(value, escaped);
  return value;
}

/** What the body has too much of; undefined: nothing. Of what is no JSON it may say anything. */
function excessOf(raw: Buffer): string | undefined {
  const fields = new Uint32Array(DEPTH_MAX + 1);
  let [depth, containers] = [0, 0];
  for (let i = 0; i < raw.length; i += 1) {
    const meaning = MEANING[raw[i] as number];
    if (meaning === PLAIN) continue;
    if (meaning === TEXT) i = endOfText(raw, i + 1);
    else if (meaning === OPEN) {
      depth += 1;
      containers += 1;
      if (depth > DEPTH_MAX) return `The body nests deeper than ${DEPTH_MAX} levels`;
      if (containers > CONTAINERS_MAX) return `The body has more than ${CONTAINERS_MAX} lists and objects`;
      fields[depth] = 0;
    } else if (meaning === CLOSE) depth = Math.max(0, depth - 1);
    else {
      fields[depth] = (fields[depth] as number) + 1;
      if ((fields[depth] as number) > FIELDS_MAX) return `An object has more than ${FIELDS_MAX} fields`;
    }
  }
  return undefined;
}

/** The place of the quote that ends a text. */
function endOfText(raw: Buffer, from: number): number {
  let i = from;
  while (i < raw.length && raw[i] !== QUOTE) i += raw[i] === BACKSLASH ? 2 : 1;
  return i;
}

/** `__proto__` would become the prototype of whatever it is copied into; half a surrogate pair cannot be written as UTF-8 again. */
function checkNames(value: unknown, escaped: boolean): void {
  const left: unknown[] = [value];
  while (left.length > 0) {
    const one = left.pop();
    if (typeof one === 'string') checkText(one, escaped);
    if (typeof one !== 'object' || one === null) continue;
    if (Array.isArray(one)) {
      for (const inner of one) left.push(inner);
      continue;
    }
    for (const [name, inner] of Object.entries(one)) {
      if (name === '__proto__') throw refused('invalid_request', 'The body has a field __proto__');
      checkText(name, escaped);
      left.push(inner);
    }
  }
}

function checkText(text: string, escaped: boolean): void {
  if (escaped && !text.isWellFormed())
    throw refused('invalid_request', 'The body has half a surrogate pair, which is no text');
}
