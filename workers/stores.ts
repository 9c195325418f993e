// What every process builds from its configuration: Redis, the log, accounts, ledger, tickets.
import { type AuditTrail, createAuditTrail } from '../src/accounts/audit.ts';
import { type AccountsRegistry, createAccounts } from '../src/accounts/registry.ts';
import { createHomeIndex, type HomeIndex } from '../src/api/home-index.ts';
import { systemClock } from '../src/base/clock.ts';
import type { Config } from '../src/base/config.ts';
import { createLogger, type Logger } from '../src/base/logger.ts';
import { createMetrics, type Metrics } from '../src/base/metrics.ts';
import { createPersons, type Persons } from '../src/base/person.ts';
import { createTicketQueue, type TicketQueue } from '../src/base/queue.ts';
import { createRedis, type Redis } from '../src/base/redis.ts';
import { createSecret, type Secret } from '../src/base/secret.ts';
import type { Service } from '../src/base/service.ts';
import { type Contacts, createContacts } from '../src/contacts/contacts.ts';
import { forgottenRows } from '../src/contacts/forgotten.ts';
import { createSuppressions, type Suppressions } from '../src/contacts/suppressions.ts';
import { createLedger, type Ledger } from '../src/ledger/ledger.ts';
import type { FindForgotten } from '../src/ledger/port.ts';
import { createSubmissions, type Submissions } from '../src/ledger/submissions.ts';
import { createKafkaLog } from '../src/log/kafka.ts';
import type { Log } from '../src/log/port.ts';
import { createRedisStreamsLog } from '../src/log/redis-streams.ts';
import { auditKeptIn, keptIn, peopleKeptIn } from './kept-in.ts';

export interface Stores {
  config: Config;
  clock: typeof systemClock;
  logger: Logger;
  metrics: Metrics;
  secret: Secret;
  redis: Redis;
  log: Log;
  accounts: AccountsRegistry;
  ledger: Ledger;
  forgotten: FindForgotten;
  homes: HomeIndex;
  tickets: TicketQueue;
  persons: Persons;
  suppressions: Suppressions;
  contacts: Contacts;
  submissions: Submissions;
  audit: AuditTrail;
}

/** `accountsFile` undefined: this process takes the accounts as others have set them. */
export function createStores(config: Config, accountsFile: string | undefined): Stores {
  const clock = systemClock;
  const logger = createLogger(config.logLevel);
  const secret = createSecret(config.secrets);
  const redis = createRedis(config.redisUrl, clock);
  const { namespace, kafkaBrokers } = config;
  const log = kafkaBrokers
    ? createKafkaLog({ brokers: kafkaBrokers, namespace, clock, logger })
    : createRedisStreamsLog({
        redis,
        namespace,
        clock,
        logger,
        consumer: `${process.pid}-${clock.randomHex(4)}`,
      });
  const fingerprints = config.secrets.map((one) => createSecret([one]).fingerprint);
  const accounts = createAccounts({
    redis,
    namespace,
    secret,
    fingerprints,
    clock,
    logger,
    file: accountsFile,
    stagingHosts: config.stagingHosts,
    kept: kafkaBrokers ? keptIn(log) : undefined,
  });
  const homes = createHomeIndex(accounts, secret);
  const tickets = createTicketQueue(config.redisUrl, namespace, logger);
  const metrics = createMetrics();
  const persons = createPersons(secret);
  const forgotten: FindForgotten = (job, rows) => forgottenRows({ redis, namespace, persons }, job, rows);
  const { homeOfLetters } = homes;
  const ledger = createLedger({ redis, namespace, clock, homeOfLetters, forgotten });
  const people = { redis, namespace, clock, persons, kept: kafkaBrokers ? peopleKeptIn(log) : undefined };
  const suppressions = createSuppressions(people);
  const contacts = createContacts(people);
  const submissions = createSubmissions(redis, namespace, clock);
  const audit = createAuditTrail(redis, namespace, clock, kafkaBrokers ? auditKeptIn(log) : undefined);
  const kept = {
    audit,
    log,
    accounts,
    ledger,
    homes,
    tickets,
    persons,
    suppressions,
    contacts,
    forgotten,
    submissions,
  };
  return { config, clock, logger, metrics, secret, redis, ...kept };
}

/** The stores as one service: the log's topics are there before anybody uses them, connections close last. */
export const storesService = ({ redis, log, tickets }: Stores): Service => ({
  name: 'stores',
  start: () => log.prepare(),
  stop: async () => {
    await tickets.close();
    await log.close();
    await redis.close();
  },
});
