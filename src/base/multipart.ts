// The door to @fastify/busboy: a form with one file, read as it comes.
import type { Readable } from 'node:stream';
import { Busboy, type BusboyInstance } from '@fastify/busboy';

export interface FilePart {
  /** Name of the field. */
  field: string;
  /** As the client named the file. */
  name: string;
  /** Lower case, without parameters. */
  type: string;
  /** Must be read to its end, or destroyed. */
  bytes: Readable;
}

export interface FormBounds {
  fields: number;
  fieldBytes: number;
}

/** A form that is none, is not whole, or breaks its bounds. */
export class BrokenForm extends Error {}

/** The fields. `onFile` is called for its one file, as soon as that begins. Rejects with `BrokenForm`, and with what `onFile` rejects with. */
export function readForm(
  source: Readable,
  contentType: string,
  bounds: FormBounds,
  onFile: (part: FilePart) => Promise<void>,
): Promise<Map<string, string>> {
  return new Promise((resolve, reject) => {
    const fields = new Map<string, string>();
    let filed: Promise<void> = Promise.resolve();
    let file: Readable | undefined;
    let over = false;
    const parser = openParser(contentType, bounds);
    if (!parser) return reject(new BrokenForm('the form has no boundary'));
    const end = (error?: Error): void => {
      if (over) return;
      over = true;
      source.unpipe(parser).off('close', onClose);
      if (error) {
        // Whoever takes the file hears of it, and has put things in order before the caller does.
        file?.destroy(error);
        parser.destroy();
        filed.then(
          () => reject(error),
          () => reject(error),
        );
      } else filed.then(() => resolve(fields), reject);
    };
    const onClose = (): void => {
      if (!source.readableEnded) end(new BrokenForm('it ended too early'));
    };
    const tooMuch = (): void => end(new BrokenForm('it has more parts than a file and its fields'));
    parser.on('field', (name, value, nameCut, valueCut) => {
      if (nameCut || valueCut || fields.has(name))
        end(new BrokenForm('a field is too long, or stands there twice'));
      else fields.set(name, value);
    });
    parser.on('file', (field, bytes, name, _encoding, type) => {
      // What is wrong with it is told by the parser too.
      bytes.on('error', () => {});
      // What has come already is parsed to its end, whatever was wrong with it.
      if (over) {
        bytes.resume();
        return;
      }
      file = bytes;
      filed = onFile({ field, name: name ?? '', type: type.toLowerCase(), bytes });
      filed.catch(end);
    });
    parser.on('filesLimit', tooMuch).on('fieldsLimit', tooMuch).on('partsLimit', tooMuch);
    parser.on('error', () => end(new BrokenForm('it is no form')));
    parser.on('finish', () => end());
    source.on('close', onClose);
    source.pipe(parser);
  });
}

function openParser(contentType: string, { fields, fieldBytes }: FormBounds): BusboyInstance | undefined {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      limits: {
        files: 1,
        fields,
        parts: fields + 1,
        fieldNameSize: 64,
        fieldSize: fieldBytes,
        headerPairs: 16,
      },
    });
  } catch {
    return undefined;
  }
}
