// One simulated business number: its rules, the judge's windows over it, and its tally.
// Rules may change at any moment; what was counted stays. A window length seen for the first time starts empty,
// and one that no rule names any more is forgotten.
import { CustomerWindows } from './judge/customer-windows.ts';
import { RollingGate, RollingGauge } from './judge/rolling-window.ts';
import { Tally } from './ledger/tally.ts';
import type { Latency, Settings } from './settings.ts';
import type { WebhookRules } from './webhook/rules.ts';

export interface WindowRule {
  count: number;
  per_ms: number;
}

export interface TemplateRule {
  name: string;
  language: string;
  params: number;
  status?: 'APPROVED' | 'PAUSED' | 'DISABLED';
}

/** Absent fields fall back to the settings, or mean "none". */
export interface NumberRules {
  throughput?: number | 'unlimited';
  windows: readonly WindowRule[];
  portfolio?: string;
  token?: string;
  registered: boolean;
  latency_ms?: Latency;
  throttle_status: 400 | 429;
  retry_after_s?: number;
  enforce: boolean;
  templates?: readonly TemplateRule[];
  webhook?: WebhookRules;
  /** Whom it calls by another number than they were written to. */
  wa_ids?: Readonly<Record<string, string>>;
}

/** The judge's and the ledger's view of one window length. */
export interface Window {
  perMs: number;
  gate: RollingGate;
  gauge: RollingGauge;
}

export interface Limit {
  violation: 'throughput' | 'window';
  count: number;
  window: Window;
}

const SECOND_MS = 1000;

export class PhoneNumber {
  readonly id: string;
  /** Its place in the ledger's rows. */
  readonly index: number;
  readonly tally = new Tally();
  readonly customers = new CustomerWindows();
  windows: Window[] = [];
  #rules: NumberRules = { windows: [], registered: true, throttle_status: 400, enforce: true };
  #extraLimits: Limit[] = [];
  readonly #second = openWindow(SECOND_MS);

  constructor(id: string, index: number) {
    this.id = id;
    this.index = index;
    this.windows = [this.#second];
  }

  get rules(): NumberRules {
    return this.#rules;
  }

  apply(rules: NumberRules): void {
    const known = this.windows;
    this.#rules = rules;
    this.windows = [this.#second];
    this.#extraLimits = rules.windows.map((rule) => {
      const used = [...this.windows, ...known].find((window) => window.perMs === rule.per_ms);
      const window = used ?? openWindow(rule.per_ms);
      if (!this.windows.includes(window)) this.windows.push(window);
      return { violation: 'window', count: rule.count, window };
    });
  }

  /** Messages per second; infinite when unlimited. */
  throughput(settings: Settings): number {
    const throughput = this.#rules.throughput ?? settings.default_throughput;
    return throughput === 'unlimited' ? Number.POSITIVE_INFINITY : throughput;
  }

  limits(settings: Settings): Limit[] {
    const second: Limit = { violation: 'throughput', count: this.throughput(settings), window: this.#second };
    return this.#extraLimits.length === 0 ? [second] : [second, ...this.#extraLimits];
  }
}

function openWindow(perMs: number): Window {
  return { perMs, gate: new RollingGate(perMs * 1000), gauge: new RollingGauge(perMs * 1000) };
}
