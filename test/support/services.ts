// Where the tests' real Redis and Kafka are, and a name space of one's own in them.
import { randomBytes } from 'node:crypto';
import { keep } from './run-record.ts';

export function redisUrl(): string {
  return named('Redis', 'SLUICE_TEST_REDIS_URL', 'REDIS_URL');
}

export function kafkaBrokers(): string {
  return named('Kafka', 'SLUICE_TEST_KAFKA_BROKERS', 'KAFKA_BROKERS');
}

/** A prefix for one test file's keys, topics and groups; nothing is ever flushed, because others run beside it. */
export function freshNamespace(): string {
  const namespace = `t-${randomBytes(6).toString('hex')}`;
  keep('namespaces', namespace);
  return namespace;
}

function named(service: string, ...variables: string[]): string {
  for (const variable of variables) {
    const value = process.env[variable];
    if (value) return value;
  }
  throw new Error(`This test needs ${service}: run it with \`npm test\`, or set ${variables.at(-1)}.`);
}
