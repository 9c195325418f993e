// What a benchmark is given and what it is.
import type { RedisView } from './redis.ts';
import type { Report } from './report.ts';

export interface BenchOptions {
  /** Only these contestants. */
  only?: readonly string[];
  rounds?: number;
  /** Messages per sender. */
  perSender?: number;
  /** Everything, where the ordinary run measures a part. */
  full?: true;
}

export interface Setting {
  redisUrl: string;
  redis: RedisView;
  /** Starts Kafka when it is first asked for. */
  brokers(): Promise<string>;
  options: BenchOptions;
  say(line: string): void;
}

export interface Bench {
  name: string;
  run(setting: Setting): Promise<Report>;
}
