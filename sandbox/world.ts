// Everything the sandbox knows, in one object that a reset replaces as a whole.
import type { Clock } from './clock.ts';
import { Faults } from './faults.ts';
import { UniqueRecipients } from './judge/unique-recipients.ts';
import { AccountBook, type MediaRow } from './ledger/accounts.ts';
import { Ledger } from './ledger/ledger.ts';
import { serialSource } from './meta/wamid.ts';
import { PhoneNumber } from './phone-number.ts';
import { seededRandom } from './random.ts';
import { defaultSettings, type Settings } from './settings.ts';
import { Outbox } from './webhook/outbox.ts';

export const MAX_NUMBERS = 20_000;
export const MAX_PORTFOLIOS = 10_000;
const MAX_MEDIA = 10_000;

export class Portfolio {
  limit: number | 'unlimited' = 'unlimited';
  violations = 0;
  readonly unique = new UniqueRecipients();
}

export class World {
  readonly clock: Clock;
  readonly nextSerial = serialSource();
  readonly random = seededRandom(1);
  readonly faults = new Faults();
  readonly ledger = new Ledger();
  readonly outbox = new Outbox();
  readonly portfolios = new Map<string, Portfolio>();
  readonly accounts = new Map<string, AccountBook>();
  readonly media = new Map<string, MediaRow>();
  /** Arrivals for numbers that do not exist. */
  readonly nobody = new PhoneNumber('', 0);
  settings: Settings = defaultSettings();
  readonly #numbers = new Map<string, PhoneNumber>();
  readonly #names: string[] = [''];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get numbers(): ReadonlyMap<string, PhoneNumber> {
    return this.#numbers;
  }

  nameOf(index: number): string {
    return this.#names[index] ?? '';
  }

  /** The number a request is for; undefined when it does not exist and may not be created on first use. */
  numberFor(id: string): PhoneNumber | undefined {
    return this.#numbers.get(id) ?? (this.settings.strict ? undefined : this.openNumber(id));
  }

  /** The number under this id, created when new; undefined when there are too many. */
  openNumber(id: string): PhoneNumber | undefined {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    if (this.#numbers.size >= MAX_NUMBERS) return undefined;
    const number = new PhoneNumber(id, this.#names.length);
    this.#names.push(id);
    this.#numbers.set(id, number);
    return number;
  }

  /** The oldest is forgotten where there are too many. */
  addMedia(row: MediaRow): void {
    this.media.set(row.id, row);
    const [oldest] = this.media.keys();
    if (this.media.size > MAX_MEDIA && oldest !== undefined) this.media.delete(oldest);
  }

  /** The business account under this id, made on first use; beyond a bound they share one. */
  openAccount(id: string): AccountBook {
    const name = this.accounts.has(id) || this.accounts.size < MAX_PORTFOLIOS ? id : '';
    const book = this.accounts.get(name) ?? new AccountBook(name);
    this.accounts.set(name, book);
    return book;
  }

  openPortfolio(id: string): Portfolio | undefined {
    const known = this.portfolios.get(id);
    if (known !== undefined) return known;
    if (this.portfolios.size >= MAX_PORTFOLIOS) return undefined;
    const portfolio = new Portfolio();
    this.portfolios.set(id, portfolio);
    return portfolio;
  }
}
