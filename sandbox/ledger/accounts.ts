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

export class AccountBook {
  readonly id: string;
  readonly #gate = new RollingGate(HOUR_US);
  readonly #gauge = new RollingGauge(HOUR_US);
  readonly #templates = new Map<string, TemplateRow>();
  readonly #mediaGate = new RollingGate(DAY_US);
  readonly #mediaGauge = new RollingGauge(DAY_US);
  #media = 0;
  #mediaArrived = 0;
  #arrived = 0;
  #violations = 0;

  constructor(id: string) {
    this.id = id;
  }

  /** One more was submitted. False: it breaks the limit, and is refused. */
  submitted(atUs: number): boolean {
    this.#arrived += 1;
    this.#gauge.arrived(atUs);
    if (this.#gate.exceeds(atUs, TEMPLATES_PER_HOUR)) {
      this.#violations += 1;
      return false;
    }
    this.#gate.letThrough(atUs);
    return true;
  }

  /** One more file came. False: it breaks the limit, and is refused. */
  uploaded(atUs: number): boolean {
    this.#mediaArrived += 1;
    this.#mediaGauge.arrived(atUs);
    if (this.#mediaGate.exceeds(atUs, MEDIA_PER_DAY)) {
      this.#violations += 1;
      return false;
    }
    this.#mediaGate.letThrough(atUs);
    return true;
  }

  tookMedia(): void {
    this.#media += 1;
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
      templates_submitted: this.#arrived,
      templates: this.#templates.size,
      highest_templates_per_hour: this.#gauge.highest,
      media_uploaded: this.#mediaArrived,
      media: this.#media,
      highest_media_per_day: this.#mediaGauge.highest,
      violations: this.#violations,
    };
  }
}

/** Ids of objects are digits; serials are hexadecimal. */
export const digitsOf = (serial: string): string => BigInt(`0x${serial}`).toString().slice(-16);
