// Whether what a person wrote is one of the words that end messages, or begin them again. The whole message must be the word: "stop by at
// six" is a conversation. Pure.
import type { OptOutSettings, WordLanguage } from '../contract/opt-out.ts';

interface Words {
  stop: readonly string[];
  start: readonly string[];
}

const WORDS: Readonly<Record<WordLanguage, Words>> = {
  ar: { stop: ['توقف', 'إيقاف', 'الغاء', 'إلغاء', 'إلغاء الاشتراك'], start: ['ابدأ', 'اشتراك'] },
  de: {
    stop: ['stop', 'stopp', 'abmelden', 'abbestellen', 'austragen', 'keine nachrichten'],
    start: ['start', 'anmelden'],
  },
  en: {
    stop: [
      'stop',
      'stop all',
      'stopall',
      'unsubscribe',
      'opt out',
      'optout',
      'cancel',
      'end',
      'quit',
      'remove me',
    ],
    start: ['start', 'unstop', 'subscribe', 'opt in', 'optin', 'resume'],
  },
  es: {
    stop: ['stop', 'alto', 'baja', 'darme de baja', 'cancelar', 'parar', 'detener', 'no más'],
    start: ['start', 'alta', 'iniciar', 'comenzar', 'reanudar'],
  },
  fr: {
    stop: ['stop', 'arrêt', 'arrêter', 'désabonner', 'désinscrire', 'désinscription', 'fin'],
    start: ['start', 'reprendre', 'abonner', "m'abonner"],
  },
  hi: { stop: ['बंद', 'बंद करें', 'रोकें', 'रोको'], start: ['शुरू', 'शुरू करें'] },
  id: { stop: ['stop', 'berhenti', 'batal', 'keluar'], start: ['start', 'mulai', 'daftar'] },
  it: {
    stop: ['stop', 'basta', 'cancella', 'annulla', 'disiscrivi', 'disiscrivimi'],
    start: ['start', 'inizia', 'iscrivi'],
  },
  nl: { stop: ['stop', 'stoppen', 'afmelden', 'uitschrijven'], start: ['start', 'aanmelden', 'inschrijven'] },
  pl: { stop: ['stop', 'koniec', 'rezygnuję', 'wypisz', 'anuluj'], start: ['start', 'zapisz', 'wznów'] },
  pt: {
    stop: ['stop', 'parar', 'pare', 'sair', 'cancelar', 'descadastrar', 'remover', 'não quero'],
    start: ['start', 'iniciar', 'voltar', 'começar', 'aceito'],
  },
  ru: { stop: ['стоп', 'отписаться', 'отписка', 'отмена', 'stop'], start: ['старт', 'подписаться', 'start'] },
  tr: { stop: ['dur', 'durdur', 'iptal', 'ret', 'stop'], start: ['başla', 'başlat', 'start'] },
};

/** Nothing that long is one of them. */
const MAX_CHARS = 64;

export function optOutWord(text: string | undefined, settings: OptOutSettings): 'stop' | 'start' | undefined {
  if (!settings.enabled || text === undefined || text.length > MAX_CHARS) return undefined;
  const said = plain(text);
  if (said === '') return undefined;
  const has = (kind: keyof Words): boolean =>
    settings.languages.some((language) =>
      (settings[`${kind}_words`][language] ?? WORDS[language][kind]).some((word) => plain(word) === said),
    );
  if (has('stop')) return 'stop';
  return has('start') ? 'start' : undefined;
}

/** Without case, accents, punctuation and emoji; "STOP!" and "Arrêt." are "stop" and "arret". */
const plain = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
    .replaceAll('ı', 'i')
    .replace(/[^\p{L}\p{N}\p{Mc}']+/gu, ' ')
    .trim();
