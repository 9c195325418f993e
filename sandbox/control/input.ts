// Strict reading of what the control API is given: unknown fields, wrong types and values out of range are refused
// with the path of the first fault. A check either answers the value in its type or throws an InputError.

export class InputError extends Error {
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.name = 'InputError';
    this.path = path;
  }
}

export type Check<T> = (value: unknown, path: string) => T;
type Fields = Record<string, Check<unknown>>;
/** Every field may be absent; a field that must be there is asked for with `needed`. */
type Read<F extends Fields> = { [K in keyof F]?: ReturnType<F[K]> };

export function integer(min: number, max: number): Check<number> {
  return (value, path) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max)
      return value;
    throw new InputError(path, `must be a whole number from ${min} to ${max}`);
  };
}

export function fraction(): Check<number> {
  return (value, path) => {
    if (typeof value === 'number' && value >= 0 && value <= 1) return value;
    throw new InputError(path, 'must be a number from 0 to 1');
  };
}

export function text(maxChars: number): Check<string> {
  return (value, path) => {
    if (typeof value === 'string' && value !== '' && value.length <= maxChars) return value;
    throw new InputError(path, `must be a string of 1 to ${maxChars} characters`);
  };
}

export const flag: Check<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value;
  throw new InputError(path, 'must be true or false');
};

export function oneOf<const T extends string | number>(...allowed: T[]): Check<T> {
  return (value, path) => {
    const found = allowed.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    throw new InputError(path, `must be one of ${allowed.join(', ')}`);
  };
}

export function either<A, B>(first: Check<A>, second: Check<B>, message: string): Check<A | B> {
  return (value, path) => {
    for (const check of [first, second]) {
      try {
        return check(value, path);
      } catch (error) {
        // A fault inside the value says more than "neither of both".
        if (!(error instanceof InputError) || error.path !== path) throw error;
      }
    }
    throw new InputError(path, message);
  };
}

export function orNull<T>(check: Check<T>): Check<T | null> {
  return (value, path) => (value === null ? null : check(value, path));
}

export function list<T>(check: Check<T>, max: number): Check<T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > max)
      throw new InputError(path, `must be a list of at most ${max}`);
    return value.map((item: unknown, index) => check(item, `${path}[${index}]`));
  };
}

export function shape<F extends Fields>(fields: F): Check<Read<F>> {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new InputError(path, 'must be an object');
    }
    const read: Record<string, unknown> = {};
    for (const [name, item] of Object.entries(value)) {
      const at = path === '' ? name : `${path}.${name}`;
      const check = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (check === undefined) throw new InputError(at, 'is not a known field');
      read[name] = check(item, at);
    }
    return read as Read<F>;
  };
}

export function needed<T>(value: T | undefined, path: string): T {
  if (value === undefined) throw new InputError(path, 'is required');
  return value;
}
