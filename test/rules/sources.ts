// The project's files as the rules see them: path, text, the text without comments and strings, and the imports.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

export interface Source {
  /** From the project's folder, with forward slashes. */
  path: string;
  text: string;
  /** The same text, same offsets, with comments and the insides of strings blanked. */
  code: string;
  imports: string[];
}

export function source(file: string, text: string): Source {
  const code = /\.(ts|mjs)$/.test(file) ? blanked(text) : text;
  return { path: file, text, code, imports: importsOf(text, code) };
}

const outside = new Set(['node_modules', '.git', '.sluice', '.agents', 'coverage']);

/** Every file under the given folders (or the whole project) that a rule may want to read. */
export function sources(folders: string[] = ['.'], pattern = /\.(ts|mjs)$/): Source[] {
  return folders
    .flatMap((folder) => filesUnder(folder))
    .filter((file) => pattern.test(file))
    .map((file) => source(file, readFileSync(path.join(root, file), 'utf8')));
}

function filesUnder(folder: string): string[] {
  let entries: ReturnType<typeof listing>;
  try {
    entries = listing(folder);
  } catch {
    return []; // a room that nobody has built yet
  }
  return entries.flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (outside.has(entry.name)) return [];
    return entry.isDirectory() ? filesUnder(file) : [file];
  });
}

function listing(folder: string) {
  return readdirSync(path.join(root, folder), { withFileTypes: true });
}

const importForms = [
  /\bimport\s*(?:type\s)?[^'"();]*?\bfrom\s*(['"])([^'"\n]+)\1/g,
  /\bexport\s*(?:type\s)?[^'"();]*?\bfrom\s*(['"])([^'"\n]+)\1/g,
  /\bimport\s*(['"])([^'"\n]+)\1/g,
  /\bimport\s*\(\s*(['"])([^'"\n]+)\1/g,
];

function importsOf(text: string, code: string): string[] {
  const found = importForms.flatMap((form) =>
    [...text.matchAll(form)]
      // An import inside a string or a comment is none: its first letter was blanked.
      .filter((match) => code[match.index] === text[match.index])
      .map((match) => match[2] ?? ''),
  );
  return [...new Set(found)];
}

/** The file an import leads to, or undefined for a package or a built-in module. */
export function target(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return path.posix.normalize(path.posix.join(path.posix.dirname(from), specifier));
}

/** The package an import names (`a/b` → `a`, `@s/a/b` → `@s/a`), or undefined. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

const token = new RegExp(
  [
    /\/\/[^\n]*/, // line comment
    /\/\*[\s\S]*?\*\//, // block comment
    /'(?:[^'\\\n]|\\.)*'/,
    /"(?:[^"\\\n]|\\.)*"/,
    /`(?:[^`\\]|\\[\s\S])*`/,
    /(?<=[(,=:[!&|?{};\n]\s*)\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/, // regular expression
  ]
    .map((part) => part.source)
    .join('|'),
  'g',
);

function blanked(text: string): string {
  return text.replace(token, (found) => {
    if (found.startsWith('//') || found.startsWith('/*')) return spaces(found);
    if (found.startsWith('`') && found.includes('${')) return keptExpressions(found);
    return found[0] + spaces(found.slice(1, -1)) + found.at(-1);
  });
}

/** What stands in `${…}` is code: a sleep in a template is a sleep. */
function keptExpressions(template: string): string {
  let at = 0;
  let kept = '';
  for (const match of template.matchAll(/\$\{[^}]*\}/g)) {
    kept += spaces(template.slice(at, match.index)) + match[0];
    at = match.index + match[0].length;
  }
  return kept + spaces(template.slice(at));
}

function spaces(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}
