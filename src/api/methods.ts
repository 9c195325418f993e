// Which methods a path takes, so that a wrong one is answered with 405 and the right ones.

export interface MethodTable {
  add(method: string, pattern: string): void;
  /** Sorted; empty for a path of no route. */
  of(path: string): string[];
}

export function createMethodTable(): MethodTable {
  const routes: { method: string; parts: string[] }[] = [];
  return {
    add: (method, pattern) => {
      routes.push({ method, parts: pattern.split('/') });
    },
    of: (path) => {
      const parts = path.split('/');
      const methods = routes.filter((route) => fits(route.parts, parts)).map((route) => route.method);
      return [...new Set(methods)].sort();
    },
  };
}

/** `:id` stands for one segment that is not empty. */
function fits(pattern: readonly string[], path: readonly string[]): boolean {
  if (pattern.length !== path.length) return false;
  return pattern.every((part, i) => (part.startsWith(':') ? path[i] !== '' : part === path[i]));
}
