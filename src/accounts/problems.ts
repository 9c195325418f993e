// Turns what zod found into sentences with their place: `workspaces[0].senders[2].throughput: must be at least 1`.
// Sentences name what is wanted, never what was given: a value may be a secret.
import type { z } from 'zod';
import { pathOf } from '../contract/request.ts';

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

/** All that is wrong with the accounts, a line each. */
export class AccountsProblems extends Error {
  readonly problems: string[];
  constructor(problems: string[]) {
    super(problems.join('\n'));
    this.name = 'AccountsProblems';
    this.problems = problems;
  }
}

/** One line per fault; an unknown field stands under its own path. */
export function problemLines(issues: readonly Issue[], above: readonly PropertyKey[] = []): string[] {
  return issues.flatMap((issue) => {
    const path = [...above, ...issue.path];
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => `${pathOf([...path, key])}: is not a known field`);
    if (issue.code === 'invalid_union') return unionLines(issue.errors, path);
    return [`${path.length === 0 ? 'the file' : pathOf(path)}: ${issue.message}`];
  });
}

/** Of several shapes, the one that came furthest says what is wrong; when none was entered, what each wants. */
function unionLines(branches: readonly Issue[][], path: readonly PropertyKey[]): string[] {
  const entered = branches.find((issues) =>
    issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'),
  );
  if (entered) return problemLines(entered, path);
  const wants = branches.flatMap((issues) => issues.map((issue) => issue.message.replace(/^must be /, '')));
  return [`${pathOf(path)}: must be ${wants.join(', or ')}`];
}

const TYPE_NAMES: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

/** What zod says where the schema has no sentence of its own. */
export function wording(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
      return issue.input === undefined ? `${wanted}, and is missing` : wanted;
    }
    case 'too_small':
      return `must be at least ${amount(issue.origin, issue.minimum)}`;
    case 'too_big':
      return `must be at most ${amount(issue.origin, issue.maximum)}`;
    case 'invalid_value': {
      const wanted = `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
      return issue.input === undefined ? `${wanted}, and is missing` : wanted;
    }
    case 'invalid_format':
      return issue.format === 'url' ? 'must be a URL that starts with http:// or https://' : undefined;
    default:
      return undefined;
  }
}

function amount(origin: string, size: number | bigint): string {
  if (origin === 'string') return `${size} characters long`;
  return origin === 'array' ? `${size} long` : String(size);
}
