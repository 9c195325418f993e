// The control API: what a test or the demo tells the sandbox before and during a run.
// Every call is validated whole before anything changes, and answers with the state it leaves behind.
import { MAX_FAULTS } from '../faults.ts';
import { MAX_NUMBERS, MAX_PORTFOLIOS, type World } from '../world.ts';
import { InputError } from './input.ts';
import { readFault, readNumberRules, readPortfolioLimit, readSettings } from './schema.ts';
import { sayChange, sayInbound } from './webhooks.ts';

export interface ControlReply {
  status: number;
  body: object;
}

const ID = /^[A-Za-z0-9_.-]{1,64}$/;

/** Undefined: no such route. `resetWorld` replaces the world as a whole. */
export function control(
  world: World,
  method: string,
  path: string,
  raw: string,
  resetWorld: () => void,
): ControlReply | undefined {
  try {
    return route(world, method, path, raw, resetWorld);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const message = error.path === '' ? error.message : `${error.path} ${error.message}`;
    return { status: 400, body: { error: { message, path: error.path } } };
  }
}

function route(
  world: World,
  method: string,
  path: string,
  raw: string,
  resetWorld: () => void,
): ControlReply | undefined {
  const [room = '', id, ...rest] = path.split('/').slice(2);
  if (rest.length > 0) return undefined;
  switch (`${method} ${room}${id === undefined ? '' : '/:id'}`) {
    case 'PUT numbers/:id':
      return ok(putNumber(world, checkId(id), parse(raw)));
    case 'PUT portfolios/:id':
      return ok(putPortfolio(world, checkId(id), parse(raw)));
    case 'PUT settings':
      return ok(putSettings(world, parse(raw)));
    case 'GET settings':
      return ok(showSettings(world));
    case 'POST faults':
      return { status: 201, body: addFault(world, parse(raw)) };
    case 'GET faults':
      return ok({ faults: world.faults.list() });
    case 'DELETE faults':
      world.faults.clear();
      return ok({ faults: [] });
    case 'POST inbound':
      return ok(sayInbound(world, parse(raw)));
    case 'POST changes':
      return ok(sayChange(world, parse(raw)));
    case 'GET webhooks':
      return ok(world.outbox.counts);
    case 'POST reset':
      resetWorld();
      return ok({ reset: true });
    default:
      return undefined;
  }
}

function putNumber(world: World, id: string, value: unknown): object {
  // Read first: a refused change must not leave a number behind.
  const now = world.numbers.get(id)?.rules ?? world.nobody.rules;
  const rules = readNumberRules(value, now);
  const number = world.openNumber(id);
  if (number === undefined) throw new InputError('', `at most ${MAX_NUMBERS} numbers`);
  if (rules.portfolio !== undefined && world.openPortfolio(rules.portfolio) === undefined) {
    throw new InputError('portfolio', `at most ${MAX_PORTFOLIOS} portfolios`);
  }
  number.apply(rules);
  const { token, webhook, ...shown } = rules;
  const told = webhook === undefined ? {} : { webhook: { ...webhook, app_secret: undefined } };
  return { id, ...shown, ...told, token_set: token !== undefined };
}

function putPortfolio(world: World, id: string, value: unknown): object {
  const limit = readPortfolioLimit(value);
  const portfolio = world.openPortfolio(id);
  if (portfolio === undefined) throw new InputError('', `at most ${MAX_PORTFOLIOS} portfolios`);
  portfolio.limit = limit;
  return { id, limit };
}

function putSettings(world: World, value: unknown): object {
  const { settings, offsetMs } = readSettings(value, world.settings);
  if (offsetMs !== undefined && !world.clock.setOffsetMs(offsetMs)) {
    throw new InputError('clock_offset_ms', 'may only grow until the next reset');
  }
  world.settings = settings;
  return showSettings(world);
}

function showSettings(world: World): object {
  return { ...world.settings, clock_offset_ms: world.clock.offsetMs() };
}

function addFault(world: World, value: unknown): object {
  const state = world.faults.add(readFault(value));
  if (state === undefined) throw new InputError('', `at most ${MAX_FAULTS} faults`);
  return state;
}

function checkId(id: string | undefined): string {
  if (id !== undefined && ID.test(id)) return id;
  throw new InputError('id', 'must be 1 to 64 letters, digits, "_", "." or "-"');
}

function parse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    throw new InputError('', 'the body is not JSON');
  }
}

function ok(body: object): ControlReply {
  return { status: 200, body };
}
