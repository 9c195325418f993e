// Which messages end messages: whole words of any language, in whatever case, accents and punctuation people write them.
import { expect, test } from 'vitest';
import { optOutWord } from '../../src/contacts/opt-out-words.ts';
import { DEFAULT_OPT_OUT, optOutSchema } from '../../src/contract/opt-out.ts';

const read = (text: string | undefined, over: object = {}) =>
  optOutWord(text, optOutSchema.parse({ ...over }));

test.each([
  ...[
    'STOP',
    'stop',
    ' Stop! ',
    'Stop 🛑',
    'STOP.',
    'unsubscribe',
    'Opt-out',
    'OPT OUT',
    'stopp',
    'Abmelden',
  ],
  ...[
    'BAJA',
    'no mas',
    'No más',
    'arrêt',
    'ARRET',
    'désabonner',
    'disiscrivimi',
    'sair',
    'Não quero',
    'стоп',
  ],
  ...['إلغاء', 'الغاء', 'बंद करें', 'İPTAL', 'iptal', 'berhenti', 'rezygnuję', 'afmelden'],
])('%s ends messages', (text) => {
  expect(read(text)).toBe('stop');
});

test.each(['START', 'Unstop', 'subscribe', 'anmelden', 'alta', 'старт'])('%s begins them again', (text) => {
  expect(read(text)).toBe('start');
});

test.each([
  ...['', '!', '🛑', 'stop by at six', 'please do not stop', 'stopwatch', 'ends', 'Hello', 'x'.repeat(5_000)],
  undefined,
])('%s is a conversation', (text) => {
  expect(read(text)).toBeUndefined();
});

test('a workspace says which languages it reads, its own words, or that it reads none', () => {
  expect(read('baja', { languages: ['en'] })).toBeUndefined();
  expect(read('stop', { languages: ['en'] })).toBe('stop');
  const own = { languages: ['de', 'en'], stop_words: { de: ['Ruhe!'] }, start_words: { de: ['weiter'] } };
  expect([read('ruhe', own), read('Weiter', own), read('abmelden', own), read('quit', own)]).toEqual([
    'stop',
    'start',
    undefined,
    'stop',
  ]);
  expect(read('stop', { enabled: false })).toBeUndefined();
  expect(DEFAULT_OPT_OUT.categories).toEqual(['marketing', 'utility']);
  expect(optOutSchema.safeParse({ languages: ['xx'] }).success).toBe(false);
  expect(optOutSchema.safeParse({ stop_words: { xx: ['a'] } }).success).toBe(false);
});
