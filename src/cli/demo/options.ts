// What `npm run demo` may be told.
import { parseArgs } from 'node:util';

export interface DemoOptions {
  exit: boolean;
  kafka: boolean;
  help: boolean;
}

export const DEMO_HELP = `npm run demo [-- options]

Starts everything on this machine and sends 1,000 messages at 80 a second to a simulated platform.
Redis comes from REDIS_URL, else from Docker, else from redis-server; it is set up where it is missing.

  --exit    end with the job; exit status 0 only if every recipient got exactly one message,
            no limit was broken and it took no longer than it should
  --kafka   keep the log in a real Kafka (KAFKA_BROKERS, else Docker, else Kafka on a Java runtime)
  --help    this text

SLUICE_NO_DOCKER=1 leaves Docker alone. NO_COLOR=1 leaves colours out.
`;

/** Throws an Error with a sentence for the user. */
export function readDemoOptions(args: string[]): DemoOptions {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ args, options: { exit: flag, kafka: flag, help: { ...flag, short: 'h' } } });
  return values;
}
