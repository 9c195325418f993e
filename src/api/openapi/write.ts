// `npm run openapi`: writes the committed files anew.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { generatedFiles } from './files.ts';

const root = path.resolve(import.meta.dirname, '../../..');
for (const [file, text] of Object.entries(generatedFiles())) {
  writeFileSync(path.join(root, file), text);
  process.stdout.write(`${file}\n`);
}
