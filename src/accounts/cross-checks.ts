// What one object of the accounts file alone cannot tell: ids that stand twice, senders without their portfolio, senders at
// addresses that their environment must not reach. Looks at the raw file, so that these are reported beside the faults of shape.
import { environmentSchema } from '../contract/environment.ts';
import { pathOf } from '../contract/request.ts';
import { addressProblem } from './reach.ts';

type Loose = Record<string, unknown>;

interface Placed {
  object: Loose;
  path: (string | number)[];
  workspace: Loose;
}

const DEFAULT_BASE_URL = 'https://graph.facebook.com';

export function crossProblems(file: unknown, stagingHosts: readonly string[]): string[] {
  const workspaces = objectsOf(file, 'workspaces').map(({ object, index }) => ({
    object,
    path: ['workspaces', index],
    workspace: object,
  }));
  const keys = childrenOf(workspaces, 'api_keys');
  const portfolios = childrenOf(workspaces, 'portfolios');
  const senders = childrenOf(workspaces, 'senders');
  return [
    ...repeats(workspaces, 'id', 'the id of another workspace'),
    ...repeats(keys, 'id', 'the id of another API key'),
    ...repeats(keys, 'secret', 'the secret of another API key'),
    ...repeats(portfolios, 'id', 'the id of another portfolio'),
    ...repeats(senders, 'id', 'the id of another sender'),
    ...workspaces.flatMap((one) =>
      repeats(childrenOf([one], 'webhooks'), 'url', 'the URL of another webhook of this workspace'),
    ),
    ...portfolioProblems(senders, portfolios),
    ...senders.flatMap((one) => addressProblems(one, stagingHosts)),
  ];
}

/** Says of each value after its first that it stands elsewhere, and where; never the value itself. */
function repeats(objects: readonly Placed[], field: string, what: string): string[] {
  const first = new Map<string, Placed>();
  return objects.flatMap((one) => {
    const value = one.object[field];
    if (typeof value !== 'string') return [];
    const other = first.get(value);
    if (!other) {
      first.set(value, one);
      return [];
    }
    return [
      `${pathOf([...one.path, field])}: must be unique, and is ${what} (${pathOf([...other.path, field])})`,
    ];
  });
}

function portfolioProblems(senders: readonly Placed[], portfolios: readonly Placed[]): string[] {
  const byWorkspace = Map.groupBy(portfolios, (one) => one.workspace);
  const byId = new Map(
    [...byWorkspace].map(([workspace, own]) => [
      workspace,
      new Map(own.map((one) => [one.object.id, one.object])),
    ]),
  );
  return senders.flatMap(({ object, path, workspace }) => {
    const wanted = object.portfolio;
    if (typeof wanted !== 'string') return [];
    const at = pathOf([...path, 'portfolio']);
    const found = byId.get(workspace)?.get(wanted);
    if (!found) return [`${at}: must be the id of a portfolio of the same workspace`];
    if (environmentOf(found) === environmentOf(object)) return [];
    return [`${at}: must be a portfolio of the same environment (${String(environmentOf(object))})`];
  });
}

function addressProblems({ object, path }: Placed, stagingHosts: readonly string[]): string[] {
  const environment = environmentSchema.safeParse(environmentOf(object));
  if (!environment.success) return [];
  const url = typeof object.base_url === 'string' ? object.base_url : DEFAULT_BASE_URL;
  const problem = addressProblem(environment.data, url, stagingHosts);
  return problem === undefined ? [] : [`${pathOf([...path, 'base_url'])}: ${problem}`];
}

const environmentOf = (object: Loose): unknown => object.environment ?? 'live';

function childrenOf(workspaces: readonly Placed[], field: string): Placed[] {
  return workspaces.flatMap(({ object: workspace, path }) =>
    objectsOf(workspace, field).map(({ object, index }) => ({
      object,
      path: [...path, field, index],
      workspace,
    })),
  );
}

/** The objects in a list, with their places; nothing where there is no list. */
function objectsOf(parent: unknown, field: string): { object: Loose; index: number }[] {
  const list = isLoose(parent) ? parent[field] : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((object: unknown, index) => (isLoose(object) ? [{ object, index }] : []));
}

const isLoose = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
