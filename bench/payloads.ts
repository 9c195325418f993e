// What is sent: template messages with a name, an order number and a link, about 100 bytes of JSON each. No two are alike, and the same seed gives the same.
import type { Content } from '../src/contract/record.ts';

export interface Message {
  to: string;
  variables: string[];
}

export const CONTENT: Content = { template: { name: 'order_shipped', language: 'en_US' } };

const FIRST =
  'Ana Bruno Camila Daniel Elif Farid Gabriela Hans Ines João Karim Laura Mehmet Nadia Omar Priya Rafael Sofia Tariq Zeynep';
const LAST =
  'Silva Müller García Yılmaz Khan Rossi Novak Santos Haddad Kowalski Okafor Pereira Schmidt Tanaka Costa Ivanova Alvarez Demir Singh Moreau';
const FIRST_NAMES = FIRST.split(' ');
const LAST_NAMES = LAST.split(' ');
const LINK_LETTERS = 8;
/** Subscriber numbers behind a German mobile prefix; a step that shares no factor with them visits each once. */
const NUMBERS = 100_000_000;
const NUMBER_STEP = 61_803_399;

/** Messages `from` … `from + count - 1` of the stream that belongs to this seed. Recipients never repeat within it. */
export function messagesOf(seed: number, from: number, count: number): Message[] {
  const random = mulberry32(seed * 1_000_003 + from);
  return Array.from({ length: count }, (_, i) => messageOf(random, from + i));
}

function messageOf(random: () => number, index: number): Message {
  const pick = (names: readonly string[]): string => names[Math.floor(random() * names.length)] ?? '';
  const order = `A-${String(Math.floor(random() * 10_000_000)).padStart(7, '0')}`;
  const link = Math.floor(random() * 36 ** LINK_LETTERS)
    .toString(36)
    .padStart(LINK_LETTERS, '0');
  return {
    to: `+49151${String((index * NUMBER_STEP) % NUMBERS).padStart(8, '0')}`,
    variables: [`${pick(FIRST_NAMES)} ${pick(LAST_NAMES)}`, order, `https://shop.example/t/${link}`],
  };
}

/** A small generator with a seed: a run can be repeated. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
