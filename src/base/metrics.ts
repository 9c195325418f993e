// The door to prom-client: one registry per process, every own metric named `sluice_…`.
// A label never holds a phone number, and a metric never grows without bound: both are enforced here, not at each caller.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const PREFIX = 'sluice_';
/** Label sets of one metric; more are counted together as `other`. */
const MAX_SERIES = 2_000;
const SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export type LabelValues<Label extends string> = Record<Label, string>;

export interface CounterMetric<Label extends string> {
  inc(labels: LabelValues<Label>, by?: number): void;
}
export interface GaugeMetric<Label extends string> {
  set(labels: LabelValues<Label>, value: number): void;
}
export interface HistogramMetric<Label extends string> {
  observe(labels: LabelValues<Label>, value: number): void;
}

export interface Metrics {
  /** `name` without prefix; by convention it ends in `_total`. */
  counter<Label extends string = never>(
    name: string,
    help: string,
    labels?: readonly Label[],
  ): CounterMetric<Label>;
  gauge<Label extends string = never>(
    name: string,
    help: string,
    labels?: readonly Label[],
  ): GaugeMetric<Label>;
  /** `buckets` default to seconds from 1 ms to 30 s. */
  histogram<Label extends string = never>(
    name: string,
    help: string,
    labels?: readonly Label[],
    buckets?: readonly number[],
  ): HistogramMetric<Label>;
  /** The Prometheus text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const base = (name: string, help: string, labels: readonly string[] = []) => ({
    name: PREFIX + name,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  return {
    counter: (name, help, labels) => {
      const metric = new Counter<string>(base(name, help, labels));
      const clean = labelCleaner();
      return { inc: (values, by = 1) => metric.inc(clean(values), by) };
    },
    gauge: (name, help, labels) => {
      const metric = new Gauge<string>(base(name, help, labels));
      const clean = labelCleaner();
      return { set: (values, value) => metric.set(clean(values), value) };
    },
    histogram: (name, help, labels, buckets = SECONDS_BUCKETS) => {
      const metric = new Histogram<string>({ ...base(name, help, labels), buckets: [...buckets] });
      const clean = labelCleaner();
      return { observe: (values, value) => metric.observe(clean(values), value) };
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** Hides what looks like a phone number, and folds label sets past the bound into one. */
function labelCleaner(): (values: Record<string, string>) => Record<string, string> {
  const seen = new Set<string>();
  return (values) => {
    const entries = Object.entries(values).map(
      ([name, value]) => [name, looksLikeNumber(value) ? 'hidden' : value] as const,
    );
    const series = entries.map(([, value]) => value).join('\n');
    if (!seen.has(series)) {
      if (seen.size >= MAX_SERIES) return Object.fromEntries(entries.map(([name]) => [name, 'other']));
      seen.add(series);
    }
    return Object.fromEntries(entries);
  };
}

/** Seven digits in a row, however grouped. A sender whose id is its number is hidden too. */
const looksLikeNumber = (value: string): boolean => /\d{7}/.test(value.replace(/[\s().-]/g, ''));
