// The only wiring: config → stores → stations → supervisor. `run.ts start` is everything in one process, `api` and `worker NAME…` are its parts.
import { existsSync } from 'node:fs';
import { readAccountsFile } from '../src/accounts/file.ts';
import { AccountsProblems } from '../src/accounts/problems.ts';
import { type Config, ConfigProblems, readConfig } from '../src/base/config.ts';
import { messageOf } from '../src/base/failure.ts';
import { guardLoop } from '../src/base/loop-guard.ts';
import { type Service, supervise } from '../src/base/service.ts';
import type { Keeper } from './memory/keeper.ts';
import { keeperOf, memoryService } from './restoring.ts';
import { againOf, apiOf, healthOf, WORKERS, type WorkerName, watchdogOf, workerOf } from './stations.ts';
import { createStores, type Stores, storesService } from './stores.ts';

const USAGE = `usage: run.ts start | api | worker NAME… | worker all\nworkers: ${WORKERS.join(', ')}`;

/** Redis is compared with the log by a dispatch process; when none does, by another worker; else by an API, which has better things to do. */
const WORKER_PATIENCE_MS = 3_000;
const API_PATIENCE_MS = 6_000;

interface Parts {
  api: boolean;
  workers: WorkerName[];
}

function partsOf([command, ...names]: string[]): Parts | undefined {
  if (command === 'start' && names.length === 0) return { api: true, workers: [...WORKERS] };
  if (command === 'api' && names.length === 0) return { api: true, workers: [] };
  if (command !== 'worker' || names.length === 0) return undefined;
  if (names.includes('all')) return { api: false, workers: [...WORKERS] };
  const known = names.filter((name): name is WorkerName => WORKERS.some((worker) => worker === name));
  return known.length === names.length ? { api: false, workers: known } : undefined;
}

/** Workers may run without the file: the API or another process has applied it. */
const accountsFileOf = (config: Config, parts: Parts): string | undefined =>
  parts.api || existsSync(config.accountsFile) ? config.accountsFile : undefined;

function servicesOf(stores: Stores, parts: Parts): Service[] {
  const { config } = stores;
  const workers = parts.workers.map((name) => workerOf(name, stores));
  const watchdog = watchdogOf(stores, workers);
  const api = parts.api ? [apiOf(stores, watchdog.healthy)] : [];
  const health =
    !parts.api && config.healthPort !== undefined
      ? [healthOf(stores, config.healthPort, watchdog.healthy)]
      : [];
  return [
    storesService(stores),
    stores.accounts,
    memoryService(stores, keeperFor(stores, parts)),
    ...workers,
    ...api,
    ...health,
    watchdog,
  ];
}

function keeperFor(stores: Stores, { workers }: Parts): Keeper | undefined {
  if (workers.includes('dispatch')) return undefined;
  return keeperOf(stores, againOf(stores), workers.length > 0 ? WORKER_PATIENCE_MS : API_PATIENCE_MS);
}

function refuse(error: unknown): never {
  const known = error instanceof ConfigProblems || error instanceof AccountsProblems;
  process.stderr.write(`${known ? error.message : `sluice cannot start: ${messageOf(error)}`}\n`);
  process.exit(1);
}

const parts = partsOf(process.argv.slice(2));
if (!parts) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(1);
}

try {
  const config = readConfig(process.env);
  const accountsFile = accountsFileOf(config, parts);
  if (accountsFile !== undefined) await readAccountsFile(accountsFile, config.stagingHosts);
  const stores = createStores(config, accountsFile);
  const supervisor = supervise(servicesOf(stores, parts), {
    logger: stores.logger,
    clock: stores.clock,
    onHangup: async () => {
      await stores.accounts.reload();
    },
  });
  guardLoop(stores.clock);
  // Whoever keeps this process is gone: it must not go on beside another.
  process.once('disconnect', supervisor.stop);
  supervisor.started.then(() => {
    process.send?.('served');
    stores.logger.info('process.started', {
      station: ['api', ...parts.workers].slice(parts.api ? 0 : 1).join(' '),
    });
  }, refuse);
} catch (error) {
  refuse(error);
}
