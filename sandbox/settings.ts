// What holds for the whole sandbox, and for numbers that say nothing of their own.

export interface Latency {
  min: number;
  max: number;
}

export interface Settings {
  /** True: only configured numbers exist. False: an unknown number is created on first use. */
  strict: boolean;
  default_latency_ms: Latency;
  default_throughput: number | 'unlimited';
}

export function defaultSettings(): Settings {
  return { strict: false, default_latency_ms: { min: 0, max: 0 }, default_throughput: 80 };
}
