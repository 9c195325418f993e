// Messages against the templates that their sender's account is known to have: the name, the language, and how many variables the body wants. What
// is not known forbids nothing. A try that goes on where another died must find the same faults, or its chunks would be others: so what was
// found wrong is kept with the claim, and a later try goes by that alone.
import { hasAccount, type Sender, type SenderWithAccount } from '../accounts/port.ts';
import { refused } from '../base/failure.ts';
import type { Content, Variables } from '../contract/record.ts';
import { templateName } from '../contract/template.ts';
import type { Catalog, Catalogs } from '../templates/catalog.ts';
import type { CheckedRows, ContentCheck } from './rows.ts';

/** What the account has under a name and language: the variables of its body; null: there is no such template. Undefined: nobody knows. */
type Lookup = (name: string, language: string) => readonly string[] | null | undefined;
/** Templates of a request, by `templateName`, and what is known of each. */
export type TemplateFacts = Readonly<Record<string, readonly string[] | null>>;

export interface TemplateChecks {
  catalogs: Pick<Catalogs<SenderWithAccount>, 'known' | 'newer'> | undefined;
  /** What an earlier try went by; undefined: there was none. */
  before: TemplateFacts | undefined;
  /** Keeps what was found wrong, before anything is stored. */
  note(facts: TemplateFacts): Promise<void>;
}

/** Runs `run` with `check` and what is known of templates. Throws `unprocessable` when the job's own template does not exist. */
export async function checkTemplates(
  checks: TemplateChecks,
  sender: Sender,
  content: Content,
  check: ContentCheck,
  run: (check: ContentCheck) => Promise<CheckedRows>,
): Promise<CheckedRows> {
  const { catalogs, before, note } = checks;
  if (before) return run(against(content, factsLookup(before), check).check);
  if (!catalogs || !hasAccount(sender)) return run(check);
  const catalog = await catalogs.known(sender);
  if (!catalog) return run(check);
  const first = against(content, catalogLookup(catalog), check);
  let found = first;
  let checked = first.missing ? undefined : await run(first.check);
  // The list may be an hour old, and the template may be new.
  const newer = first.missed() && (await catalogs.newer(sender));
  if (newer) {
    found = against(content, catalogLookup(newer), check);
    checked = found.missing ? undefined : await run(found.check);
  }
  if (!checked) throw noTemplate(content);
  const facts = found.facts();
  if (facts) await note(facts);
  return checked;
}

const catalogLookup =
  (catalog: Catalog): Lookup =>
  (name, language) =>
    catalog.template(name, language)?.variables ?? null;

const factsLookup =
  (facts: TemplateFacts): Lookup =>
  (name, language) =>
    facts[templateName({ name, language })];

interface Against {
  check: ContentCheck;
  /** The job's own template does not exist. */
  missing: boolean;
  /** Some template does not exist. */
  missed(): boolean;
  /** Of every template that a message was refused for; undefined: there is none. */
  facts(): TemplateFacts | undefined;
}

/** What all messages share is looked up once; what a message brings itself, for each. */
function against(common: Content, lookup: Lookup, check: ContentCheck): Against {
  const facts: Record<string, readonly string[] | null> = {};
  let missed = false;
  const wanted = ({ template }: Content): readonly string[] | null | undefined => {
    if (!template) return undefined;
    const wants = lookup(template.name, template.language);
    if (wants === null) missed = true;
    return wants && bringsBody(template) ? undefined : wants;
  };
  const shared = wanted(common);
  return {
    missing: shared === null,
    missed: () => missed,
    facts: () => (Object.keys(facts).length > 0 ? facts : undefined),
    check: (content, variables) => {
      const problem = check(content, variables);
      if (problem) return problem;
      const wants = content === common ? shared : wanted(content);
      if (wants === undefined || (wants !== null && fits(wants, variables))) return undefined;
      const { name, language } = content.template ?? { name: '', language: '' };
      facts[templateName({ name, language })] = wants;
      if (wants === null)
        return {
          code: 'unknown_template',
          field: 'template.name',
          message: `the account has no template ${name} in ${language}`,
        };
      return { code: 'variables_mismatch', message: `the template wants ${wordsOf(wants)}` };
    },
  };
}

/** A body with parameters of its own: the variables fill in those. */
const bringsBody = ({ components = [] }: NonNullable<Content['template']>): boolean =>
  components.some(
    ({ type, parameters }) => String(type).toLowerCase() === 'body' && Array.isArray(parameters),
  );

/** A list for a template with positions, an object for one with names; nothing for one without. */
function fits(wants: readonly string[], variables: Variables | undefined): boolean {
  if (variables === undefined) return wants.length === 0;
  if (Array.isArray(variables))
    return variables.length === wants.length && (wants.length === 0 || isPosition(wants[0]));
  const names = Object.keys(variables);
  return (
    names.length === wants.length &&
    wants.every((name) => !isPosition(name) && Object.hasOwn(variables, name))
  );
}

const isPosition = (name: string | undefined): boolean => name !== undefined && /^\d+$/.test(name);

function wordsOf(wants: readonly string[]): string {
  if (wants.length === 0) return 'no variables';
  return isPosition(wants[0]) ? `a list of ${wants.length} variables` : `the variables ${wants.join(', ')}`;
}

function noTemplate({ template }: Content) {
  const message = `does not exist in ${template?.language}`;
  return refused('unprocessable', `The template ${template?.name} ${message}`, [
    { path: 'template.name', code: 'unknown_template', message },
  ]);
}
