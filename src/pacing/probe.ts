// When a sender's account has changed (a new token, an address): what the platform's answers held is tried again at once.
import type { Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import { holdFields, holdsKey } from './keys.ts';

const probeScript = loadScript(import.meta.dirname, 'lua/probe-holds.lua');

/** Resolves with how many holds end now; the next take sends one call to see. */
export const probeHolds = (
  redis: Redis,
  namespace: string,
  home: string,
  senders: readonly string[],
): Promise<number> =>
  redis.run<number>(
    probeScript,
    [holdsKey(namespace, home)],
    ['', ...senders.flatMap((id) => [holdFields.credentials(id), holdFields.sender(id)])],
  );
