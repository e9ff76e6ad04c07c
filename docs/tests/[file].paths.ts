import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { linkedTests, testPageOf } from '../.vitepress/test-links.ts';

/** A page for each test file that the guarantees link to, with its source. */
export default {
  paths: () =>
    linkedTests().map((path) => {
      const source = readFileSync(join(import.meta.dirname, '..', '..', path), 'utf8');
      const content = `# ${path.replace(/^.*\//, '')}\n\n\`${path}\` · [guarantees](../guarantees.md)\n\n~~~~\n${source}~~~~\n`;
      return { params: { file: testPageOf(path) }, content };
    }),
};
