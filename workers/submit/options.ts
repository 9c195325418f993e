// What the station of submissions works with.
import type { Accounts } from '../../src/accounts/port.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { Redis } from '../../src/base/redis.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { Submissions } from '../../src/ledger/submissions.ts';
import type { MediaFolder } from '../../src/media/folder.ts';
import type { RequestLimiter } from '../../src/pacing/requests.ts';
import type { Management } from '../../src/platforms/port.ts';
import type { Publishing } from '../../src/subscribers/publish.ts';
import type { TemplateStore } from '../../src/templates/store.ts';

export interface SubmitOptions extends Publishing {
  redis: Redis;
  namespace: string;
  clock: Clock;
  logger: Logger;
  accounts: Pick<Accounts, 'sender' | 'toldOf' | 'wants'>;
  ledger: Pick<Ledger, 'row'>;
  submissions: Submissions;
  templates: TemplateStore;
  limiter: RequestLimiter;
  management: Management;
  media: MediaFolder;
}
