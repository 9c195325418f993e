// The business accounts of the platform and their numbers: templates, and how many were submitted in any rolling hour; media, and how many in a day.
import { RollingGate, RollingGauge } from '../judge/rolling-window.ts';

const HOUR_US = 3_600_000_000;
const TEMPLATES_PER_HOUR = 100;
const DAY_US = 24 * HOUR_US;
const MEDIA_PER_DAY = 500;

export interface TemplateRow {
  id: string;
  name: string;
  language: string;
  category: string;
  status: string;
  components: unknown[];
}

export interface MediaRow {
  id: string;
  mime_type: string;
  sha256: string;
  file_size: number;
}

/** So many in any rolling period; all that arrive are counted. */
class Quota {
  readonly #gate: RollingGate;
  readonly #gauge: RollingGauge;
  readonly #most: number;
  arrived = 0;
  violations = 0;
  /** Of those that were let through, how many were kept. */
  took = 0;

  constructor(periodUs: number, most: number) {
    this.#gate = new RollingGate(periodUs);
    this.#gauge = new RollingGauge(periodUs);
    this.#most = most;
  }

  get highest(): number {
    return this.#gauge.highest;
  }

  /** One more has arrived. False: it breaks the limit, and is refused. */
  admits(atUs: number): boolean {
    this.arrived += 1;
    this.#gauge.arrived(atUs);
    if (this.#gate.exceeds(atUs, this.#most)) {
      this.violations += 1;
      return false;
    }
    this.#gate.letThrough(atUs);
    return true;
  }
}

export class AccountBook {
  readonly id: string;
  readonly submissions = new Quota(HOUR_US, TEMPLATES_PER_HOUR);
  readonly media = new Quota(DAY_US, MEDIA_PER_DAY);
  readonly #templates = new Map<string, TemplateRow>();

  constructor(id: string) {
    this.id = id;
  }

  find({ name, language }: Pick<TemplateRow, 'name' | 'language'>): TemplateRow | undefined {
    return this.#templates.get(`${name} ${language}`);
  }

  add(template: Omit<TemplateRow, 'id' | 'status'>, serial: string): TemplateRow {
    const row = { ...template, id: digitsOf(serial), status: 'PENDING' };
    this.#templates.set(`${template.name} ${template.language}`, row);
    return row;
  }

  templates(): TemplateRow[] {
    return [...this.#templates.values()];
  }

  report(): object {
    return {
      templates_submitted: this.submissions.arrived,
      templates: this.#templates.size,
      highest_templates_per_hour: this.submissions.highest,
      media_uploaded: this.media.arrived,
      media: this.media.took,
      highest_media_per_day: this.media.highest,
      violations: this.submissions.violations + this.media.violations,
    };
  }
}

/** Ids of objects are digits; serials are hexadecimal. */
export const digitsOf = (serial: string): string => BigInt(`0x${serial}`).toString().slice(-16);
