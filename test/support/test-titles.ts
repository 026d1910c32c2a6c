/** The tests that there are, for pages that name them. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** All tests of a folder as `file: title`, with titles as they are written. */
export function readTitles(folder: string): Set<string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.test.ts'),
  );
  return new Set(
    files.flatMap((file) =>
      [
        ...readFileSync(join(folder, file), 'utf8').matchAll(
          /\b(?:it|test)(?:\.(?:each|skipIf)(?:<[^(]*>)?\([\s\S]*?\))?\(\s*(['"`])(.+?)\1,/g,
        ),
      ].map(([, , title]) => `${basename(file)}: ${title}`),
    ),
  );
}
