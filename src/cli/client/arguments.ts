// The command line of `sluice`: from words to a command, or a sentence about what is wrong with it.
import { parseArgs } from 'node:util';
import type { ControlAction } from '../../contract/control.ts';
import { ITEM_STATUSES } from '../../contract/job.ts';

export type Command =
  | { name: 'help' }
  | { name: 'rebuild' }
  | ({ name: 'send'; wait: boolean; key: string | undefined } & Send & Common)
  | ({ name: 'jobs' } & Common)
  | ({ name: 'job'; id: string; wait: boolean } & Common)
  | ({ name: 'items'; id: string; status: string | undefined } & Common)
  | ({ name: ControlAction; id: string } & Common)
  | ({ name: 'retry'; id: string; unknown: boolean } & Common)
  | ({ name: 'dead'; what: 'list' } & Common)
  | ({ name: 'dead'; what: 'show' | 'replay'; positions: string[] } & Common);

interface Send {
  sender: string;
  template: string;
  language: string;
  file: string;
}

interface Common {
  url: string;
  apiKey: string;
}

/** The command line or the environment is wrong. */
export class UsageProblem extends Error {}

export const HELP = `sluice COMMAND [options]     (npm run -s sluice -- COMMAND …)

  send FILE --sender ID --template NAME --language CODE [--key KEY] [--wait]
        sends the template to every row of the file, of up to 10,000,000: a CSV (columns: "to", perhaps "reference", and all
        others are the template's variables, in their order), or .ndjson with one message a line. The same KEY with the same
        file is never sent twice, and goes on where an upload broke off. --csv FILE says the same as FILE.
  jobs                          the newest jobs
  job ID [--wait]               one job; with --wait until it has ended
  items ID [--status STATUS]    the recipients of a job (${ITEM_STATUSES.join(', ')})
  pause ID, resume ID           stops a job for now, and goes on with it
  cancel ID                     ends a job; what has left has left
  retry ID [--unknown]          tries again what has failed; with --unknown also what nobody has heard of
  rebuild                       makes Redis right again from Kafka, after Redis has lost its memory; it reads the settings of the
                                service (REDIS_URL, KAFKA_BROKERS, SLUICE_SECRET, SLUICE_NAMESPACE …) and needs no API
  dead list                     records of the log that nobody could read, the newest first
  dead show POSITION            one of them with all it says
  dead replay POSITION …        puts them into the log again, for when a later release can read them

  --url URL     where the API is (else SLUICE_URL, else http://127.0.0.1:8080)
  --help        this text

The API key comes from SLUICE_API_KEY, and that of dead from SLUICE_ADMIN_KEY: other users of a machine can read command lines.

Exit status: 0 done; 1 the command line or the file is wrong; 2 the API refused; 3 no answer, or try again later
(send: with the same --key); 4 with --wait: the job has ended, and not every recipient was accepted.
`;

const NAMES = 'send, jobs, job, items, pause, resume, cancel, retry, rebuild and dead';
const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const common = { url: text, help: { ...flag, short: 'h' } } as const;

/** Throws {@link UsageProblem}. */
export function readCommand(args: readonly string[], env: NodeJS.ProcessEnv): Command {
  const [name, ...rest] = args;
  if (name === undefined) throw new UsageProblem(`Which command? ${NAMES}.`);
  if (['help', '--help', '-h'].includes(name)) return { name: 'help' };
  const read = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!read) throw new UsageProblem(`There is no command "${name}"; there are ${NAMES}.`);
  try {
    return read(rest, env);
  } catch (error) {
    // What parseArgs says is a sentence for the user: "Unknown option '--foo'".
    if (error instanceof TypeError) throw new UsageProblem(error.message);
    throw error;
  }
}

const commands: Record<string, (args: string[], env: NodeJS.ProcessEnv) => Command> = {
  send(args, env) {
    const options = {
      ...common,
      sender: text,
      template: text,
      language: text,
      csv: text,
      key: text,
      wait: flag,
    };
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    if (values.help) return { name: 'help' };
    const { sender, template, language, csv, key, wait } = values;
    const given = {
      sender: needed(sender, '--sender'),
      template: needed(template, '--template'),
      language: needed(language, '--language'),
      file: oneFile([...positionals, ...(csv === undefined ? [] : [csv])]),
    };
    return { name: 'send', ...given, key, wait, ...commonOf(values.url, env) };
  },
  rebuild(args) {
    const { values } = parseArgs({ args, options: { help: common.help } });
    return { name: values.help ? 'help' : 'rebuild' };
  },
  jobs(args, env) {
    const { values } = parseArgs({ args, options: common });
    return values.help ? { name: 'help' } : { name: 'jobs', ...commonOf(values.url, env) };
  },
  job(args, env) {
    const { values, positionals } = parseArgs({
      args,
      options: { ...common, wait: flag },
      allowPositionals: true,
    });
    if (values.help) return { name: 'help' };
    return { name: 'job', id: oneId(positionals), wait: values.wait, ...commonOf(values.url, env) };
  },
  items(args, env) {
    const { values, positionals } = parseArgs({
      args,
      options: { ...common, status: text },
      allowPositionals: true,
    });
    if (values.help) return { name: 'help' };
    return { name: 'items', id: oneId(positionals), status: values.status, ...commonOf(values.url, env) };
  },
  pause: controls('pause'),
  resume: controls('resume'),
  cancel: controls('cancel'),
  dead,
  retry(args, env) {
    const { values, positionals } = parseArgs({
      args,
      options: { ...common, unknown: flag },
      allowPositionals: true,
    });
    if (values.help) return { name: 'help' };
    return { name: 'retry', id: oneId(positionals), unknown: values.unknown, ...commonOf(values.url, env) };
  },
};

const DEAD = ['list', 'show', 'replay'] as const;

function dead(args: string[], env: NodeJS.ProcessEnv): Command {
  const { values, positionals } = parseArgs({ args, options: common, allowPositionals: true });
  if (values.help) return { name: 'help' };
  const [word, ...positions] = positionals;
  const what = DEAD.find((one) => one === word);
  if (!what) throw new UsageProblem('dead list, dead show POSITION or dead replay POSITION …?');
  const known = { name: 'dead' as const, ...commonOf(values.url, env, 'SLUICE_ADMIN_KEY') };
  if (what === 'list') return { ...known, what };
  if (positions.length === 0)
    throw new UsageProblem('Which record? Give its position, as `dead list` says it.');
  return { ...known, what, positions };
}

/** A command that does something to one job and takes nothing else. */
function controls(name: ControlAction) {
  return (args: string[], env: NodeJS.ProcessEnv): Command => {
    const { values, positionals } = parseArgs({ args, options: common, allowPositionals: true });
    if (values.help) return { name: 'help' };
    return { name, id: oneId(positionals), ...commonOf(values.url, env) };
  };
}

function needed(value: string | undefined, option: string): string {
  if (value) return value;
  throw new UsageProblem(`${option} is missing.`);
}

function oneFile(files: string[]): string {
  const [file, ...more] = files;
  if (file && more.length === 0) return file;
  throw new UsageProblem(file ? 'One file at a time.' : 'Which file? Give a .csv or an .ndjson.');
}

function oneId(positionals: string[]): string {
  const [id, ...more] = positionals;
  if (id && more.length === 0) return id;
  throw new UsageProblem(id ? 'One job at a time.' : 'Which job? Give its id: job_…');
}

function commonOf(
  option: string | undefined,
  env: NodeJS.ProcessEnv,
  key: 'SLUICE_API_KEY' | 'SLUICE_ADMIN_KEY' = 'SLUICE_API_KEY',
): Common {
  const url = option || env.SLUICE_URL || 'http://127.0.0.1:8080';
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new UsageProblem(`"${url}" is no address; write http://host:port.`);
  const apiKey = env[key];
  const holds = key === 'SLUICE_API_KEY' ? 'the secret of an API key' : "the API's own admin key";
  if (!apiKey) throw new UsageProblem(`${key} is not set: it holds ${holds}.`);
  if (!/^[\x21-\x7e]+$/.test(apiKey)) throw new UsageProblem(`${key} is no API key.`);
  return { url, apiKey };
}
