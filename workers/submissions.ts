// What goes to the platforms beside messages: the station that submits, and what is known of templates.
import type { SenderWithAccount } from '../src/accounts/port.ts';
import { createHttpClient, type HttpClient } from '../src/base/http.ts';
import type { Service } from '../src/base/service.ts';
import { createMediaFolder } from '../src/media/folder.ts';
import { createRequestLimiter } from '../src/pacing/requests.ts';
import { createManagement } from '../src/platforms/meta/management.ts';
import { type Catalogs, createCatalogs } from '../src/templates/catalog.ts';
import { createTemplateStore } from '../src/templates/store.ts';
import type { Stores } from './stores.ts';
import { createSubmit } from './submit/worker.ts';

/** A hundred templates with all their components. */
const TEMPLATES_PAGE_BYTES = 4 * 1024 * 1024;
const CONNECTIONS = 2;

export const templatesOf = ({ redis, config, clock }: Stores) =>
  createTemplateStore(redis, config.namespace, clock);

/** Submissions go from the processes that call the platforms. */
export const submitOf = (stores: Stores, http: HttpClient): Service =>
  createSubmit({
    ...stores,
    namespace: stores.config.namespace,
    templates: templatesOf(stores),
    limiter: createRequestLimiter(stores.redis, stores.config.namespace),
    management: createManagement(http, stores.clock),
    media: mediaOf(stores),
  });

export const mediaOf = ({ config, clock }: Stores) =>
  createMediaFolder({ folder: config.mediaFolder, maxBytes: config.mediaMaxBytes, clock });

export function openCatalogs(stores: Stores): {
  catalogs: Catalogs<SenderWithAccount>;
  close(): Promise<void>;
} {
  const { clock } = stores;
  const http = createHttpClient({
    clock,
    connectionsPerOrigin: CONNECTIONS,
    maxAnswerBytes: TEMPLATES_PAGE_BYTES,
  });
  const { listTemplates } = createManagement(http, clock);
  const catalogs = createCatalogs<SenderWithAccount>({
    store: templatesOf(stores),
    clock,
    fetch: (account) => listTemplates(account),
  });
  return { catalogs, close: () => http.close() };
}
