// Mistakes that the simulation must find. They are made here, around the real parts, and nowhere in them.
import type { Secret } from '../../src/base/secret.ts';
import type { Log } from '../../src/log/port.ts';

/** `from` in the text of a script becomes `to`. */
export interface ScriptBug {
  script: string;
  from: string;
  to: string;
}

export interface Bug {
  name: string;
  scripts?: ScriptBug[];
  secret?: (secret: Secret, random: () => number) => Secret;
  /** Of the API. */
  log?: (log: Log) => Log;
}

export const BUGS: readonly Bug[] = [
  {
    name: "done before the log's ack",
    log: (log) => ({
      ...log,
      append: async (topic, entries) => {
        log.append(topic, entries).catch(() => {});
        return new Map();
      },
    }),
  },
  {
    name: 'a random id on retry',
    secret: (secret, random) => ({
      ...secret,
      derive: (label, parts, length) =>
        secret.derive(label, label === 'job' ? [...parts, String(random())] : parts, length),
    }),
    scripts: [
      {
        script: 'claim',
        from: 'job, home, created, resumed = held[3]',
        to: "job, home, created, resumed = state == 'd' and held[3] or ARGV[3]",
      },
    ],
  },
  {
    name: 'started treated as queued after a restart',
    scripts: [
      {
        script: 'settle',
        from: 'local function target_of(o, job)\n',
        to: "local function target_of(o, job)\n  if o.to == 'u' and o.line:find('no_outcome', 1, true) then o.to = 'q' end\n",
      },
    ],
  },
  {
    name: 'a take without fencing',
    scripts: [{ script: 'take', from: 'if not holds(KEYS[1], ARGV[2], now) then', to: 'if false then' }],
  },
  {
    name: 'a settle that ignores its try',
    scripts: [
      { script: 'settle', from: 'if (chunk.tries:byte(offset) or 0) ~= o.try then', to: 'if false then' },
    ],
  },
];
