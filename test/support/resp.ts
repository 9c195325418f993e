// Redis's wire format, only as far as needed to cut a stream into its messages: commands on the way in, replies on the way out.

export interface Cut {
  /** Complete messages, each with its bytes. */
  messages: Buffer[];
  rest: Buffer;
}

/** Cuts what has arrived so far into complete messages. */
export function cut(bytes: Buffer): Cut {
  const messages: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = endOf(bytes, at);
    if (end === undefined) return { messages, rest: bytes.subarray(at) };
    messages.push(bytes.subarray(at, end));
    at = end;
  }
}

/** What the server says on its own; it answers no command. */
export const isPush = (message: Buffer): boolean => message[0] === 0x3e;

/** The words of a command. */
export function words(command: Buffer): string[] {
  const found: string[] = [];
  let at = lineEnd(command, 0) ?? command.length;
  while (at < command.length) {
    const start = lineEnd(command, at);
    if (start === undefined) break;
    const length = Number(command.toString('latin1', at + 1, start - 2));
    found.push(command.toString('latin1', start, start + length));
    at = start + length + 2;
  }
  return found;
}

const BULK = '$=!';
const LISTS = '*~>';
const PAIRS = '%|';

/** Where the message that begins at `from` ends; undefined when it is not all there. */
function endOf(bytes: Buffer, from: number): number | undefined {
  const start = lineEnd(bytes, from);
  if (start === undefined) return undefined;
  const type = String.fromCharCode(bytes[from] ?? 0);
  if (!(BULK + LISTS + PAIRS).includes(type)) return start;
  const count = Number(bytes.toString('latin1', from + 1, start - 2));
  if (count < 0) return start;
  if (BULK.includes(type)) return start + count + 2 <= bytes.length ? start + count + 2 : undefined;
  let at: number | undefined = start;
  // An attribute stands before the value it belongs to.
  const parts = (PAIRS.includes(type) ? 2 * count : count) + (type === '|' ? 1 : 0);
  for (let i = 0; i < parts && at !== undefined; i += 1) at = endOf(bytes, at);
  return at;
}

function lineEnd(bytes: Buffer, from: number): number | undefined {
  const at = bytes.indexOf('\r\n', from, 'latin1');
  return at < 0 ? undefined : at + 2;
}
