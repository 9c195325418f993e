// A follower in a process of its own, to be killed: `node test/log/actor.ts KIND NAMESPACE GROUP work|hang`.
// Prints a line per entry: `took VALUE` when it is handed over and, unless it hangs, `did VALUE` when the work is done.
import { type LogKind, openLog } from './open.ts';

const [kind, namespace, group, manner] = process.argv.slice(2);
if ((kind !== 'redis-streams' && kind !== 'kafka') || !namespace || !group)
  throw new Error('see the usage above');

const log = openLog(kind satisfies LogKind, namespace);
await log.follow({
  topic: 'jobs',
  group,
  handle: async ({ value }) => {
    console.log(`took ${value}`);
    if (manner === 'hang') await new Promise(() => {});
    console.log(`did ${value}`);
  },
});
console.log('following');
