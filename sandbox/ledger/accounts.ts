// The business accounts of the platform: their templates, and how many were submitted in any rolling hour.
import { RollingGate, RollingGauge } from '../judge/rolling-window.ts';

const HOUR_US = 3_600_000_000;
const TEMPLATES_PER_HOUR = 100;

export interface TemplateRow {
  id: string;
  name: string;
  language: string;
  category: string;
  status: string;
  components: unknown[];
}

export class AccountBook {
  readonly id: string;
  readonly #gate = new RollingGate(HOUR_US);
  readonly #gauge = new RollingGauge(HOUR_US);
  readonly #templates = new Map<string, TemplateRow>();
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

  find({ name, language }: Pick<TemplateRow, 'name' | 'language'>): TemplateRow | undefined {
    return this.#templates.get(`${name} ${language}`);
  }

  add(template: Omit<TemplateRow, 'id' | 'status'>, serial: string): TemplateRow {
    // Digits, as ids of objects are; the serial is hexadecimal.
    const id = BigInt(`0x${serial}`).toString().slice(-16);
    const row = { ...template, id, status: 'PENDING' };
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
      violations: this.#violations,
    };
  }
}
