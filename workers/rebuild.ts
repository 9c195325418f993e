// `sluice rebuild`: makes Redis right again from the log in Kafka. Works on Redis and Kafka themselves, with the settings of the service; the
// service may run meanwhile, and sends nothing until this has ended.
import { existsSync } from 'node:fs';
import { readConfig } from '../src/base/config.ts';
import { messageOf } from '../src/base/failure.ts';
import { rebuild } from './restoring.ts';
import { againOf } from './stations.ts';
import { createStores, storesService } from './stores.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const config = readConfig(process.env);
  if (!config.kafkaBrokers) {
    say('KAFKA_BROKERS is not set: the log is Redis itself, and there is nothing to rebuild it from.');
    return 1;
  }
  const file = existsSync(config.accountsFile) ? config.accountsFile : undefined;
  const stores = createStores({ ...config, logLevel: 'error' }, file);
  const connections = storesService(stores);
  await connections.start();
  await stores.accounts.start();
  try {
    await rebuild(stores, againOf(stores), say);
    return 0;
  } finally {
    await stores.accounts.stop();
    await connections.stop();
  }
}

process.exit(
  await main().catch((error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  }),
);
