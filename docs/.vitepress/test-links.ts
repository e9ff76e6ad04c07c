import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MarkdownRenderer } from 'vitepress';

const testLink = /^\.\.\/(.+\.test\.ts)$/;

/**
 * Links to test files, as `../packages/event-store/test/append-only.pg.test.ts`, lead to the file in the repository.
 * On the site they lead to a page with its source.
 */
export function linkTests(md: MarkdownRenderer): void {
  md.core.ruler.push('test-links', ({ tokens }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const [, path] = testLink.exec(token.attrGet('href') ?? '') ?? [];
      if (path !== undefined) token.attrSet('href', `./tests/${testPageOf(path)}`);
    }
  });
}

/** The test files that the guarantees link to, as paths from the root. */
export function linkedTests(): readonly string[] {
  const page = readFileSync(fileURLToPath(new URL('../guarantees.md', import.meta.url)), 'utf8');
  const links = [...page.matchAll(/\]\((\.\.\/[^)]+)\)/g)].map(([, link = '']) => testLink.exec(link)?.[1]);
  return [...new Set(links.filter((path) => path !== undefined))];
}

/** The name of the page with the source of a test file. */
export function testPageOf(path: string): string {
  return path.replace(/\.ts$/, '').replaceAll(/[/.]/g, '-');
}
