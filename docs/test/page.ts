import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { filesBelow, root } from '../../test/source-file.ts';

export { root };

/** A page of the documentation, and the code on it. */
export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  /** The TypeScript of the page by file name. */
  readonly files: ReadonlyMap<string, string>;
  /** What the page says its code prints, in the order of the page: the comments `// =>`. */
  readonly output: readonly string[];
  readonly sql: readonly SqlStatement[];
}

/** A statement, and the rows that the comments `-- =>` below it promise; undefined when nothing is said. */
export interface SqlStatement {
  readonly text: string;
  readonly rows: readonly string[] | undefined;
}

/** Every page that is written by hand: those of the site, and those that are read in the repository. */
export function allPages(): readonly Page[] {
  const inSite = filesBelow('docs').filter((path) => /^docs\/(?!reference\/|\.)[^.]*\.md$/.test(path));
  const readmes = ['packages', 'examples', 'benchmarks'].flatMap((folder) =>
    filesBelow(folder).filter((path) => path.endsWith('/README.md')),
  );
  return ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...readmes, ...inSite].map((path) =>
    parsePage(path, readFileSync(join(root, path), 'utf8')),
  );
}

/** The files of a page that are programs: no other file imports them, and they are no tests and no configuration. */
export function programsOf({ files }: Page): readonly string[] {
  const imported = [...files.values()].flatMap((code) =>
    [...code.matchAll(/ from '\.\/([^']+)'/g)].map(([, file]) => file),
  );
  return [...files.keys()].filter((file) => /^[\w-]+\.ts$/.test(file) && !imported.includes(file));
}

/** The files of a page that are tests. */
export function testsOf({ files }: Page): readonly string[] {
  return [...files.keys()].filter((file) => file.endsWith('.test.ts'));
}

/**
 * Finds the code of a page.
 *
 * A fence whose first line is a comment with a file name is that file; any other goes on with the file before it. Code
 * that the reader need not see, such as the imports of a fragment, is in a comment: `<!-- ts … -->`.
 */
export function parsePage(path: string, text: string): Page {
  const files = new Map<string, string>();
  const output: string[] = [];
  const sql: SqlStatement[] = [];
  let current = 'main.ts';
  // A README of a package may show fragments that name what the reader knows; one that says what it prints is whole.
  const isFragment = path.startsWith('packages/') && !text.includes('// =>');
  for (const match of (isFragment ? '' : text).matchAll(
    /^(?:```|<!-- )(ts|sql)\n([\s\S]*?)^(?:```|-->)$/gm,
  )) {
    const [, language, code = ''] = match;
    if (language === 'sql') {
      sql.push(...statementsOf(code));
      continue;
    }
    current = /^\/\/ ([\w./-]+\.ts)(?::.*)?\n/.exec(code)?.[1] ?? current;
    files.set(current, (files.get(current) ?? '') + code);
    output.push(...promises(code, '//'));
  }
  return { path, text, files, output, sql };
}

/** The lines after `=>` in comments; a comment line that goes on is indented by three more. */
function promises(code: string, mark: string): readonly string[] {
  const lines: string[] = [];
  let within = false;
  for (const line of code.split('\n')) {
    const first: string | undefined = new RegExp(`(?:^|\\s)${mark} => ?(.*)$`).exec(line)?.[1];
    const next: string | undefined = within ? new RegExp(`^\\s*${mark} {4}(.*)$`).exec(line)?.[1] : undefined;
    within = first !== undefined || next !== undefined;
    const said = first ?? next;
    if (said !== undefined) lines.push(said.trimEnd());
  }
  return lines;
}

function statementsOf(code: string): readonly SqlStatement[] {
  const statements: SqlStatement[] = [];
  for (const part of code.split(/;[ \t]*$/m)) {
    const answer = /^\s*(?:-- (?:=>| {3}).*\n)+/.exec(part.replace(/^[ \t]*\n/, ''))?.[0] ?? '';
    const last = statements.at(-1);
    if (answer !== '' && last !== undefined) {
      statements[statements.length - 1] = { text: last.text, rows: promises(answer, '--') };
    }
    const text = part
      .replace(/^[ \t]*\n/, '')
      .slice(answer.length)
      .trim();
    if (text !== '') statements.push({ text, rows: undefined });
  }
  return statements;
}

/**
 * Writes the code of pages to a folder of their own below docs, where it finds the packages.
 *
 * @returns the folder; remove it with {@link removeExamples}.
 */
export function writeExamples(name: string, pages: readonly Page[]): string {
  removeLeftovers();
  const folder = join(examples, `${name}-${process.pid}`);
  for (const page of pages) {
    for (const [file, code] of page.files) {
      const target = join(folder, folderOf(page), file);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, code);
    }
  }
  const config = {
    extends: relative(folder, join(root, 'tsconfig.check.json')),
    compilerOptions: { incremental: false, moduleDetection: 'force', noUnusedLocals: false },
    include: ['**/*.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  return folder;
}

const examples = join(root, 'docs', '.examples');

/** Takes away what runs that were killed have left. */
function removeLeftovers(): void {
  if (!existsSync(examples)) return;
  for (const folder of readdirSync(examples)) {
    if (!isAlive(Number(folder.split('-')[1])))
      rmSync(join(examples, folder), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The folder of a page's code: its path without slashes and ending. */
export function folderOf({ path }: Page): string {
  return path.replace(/\.md$/, '').replaceAll(/[\\/]/g, '-');
}

export function removeExamples(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  try {
    // Whoever is last takes the folder of all of them away.
    rmdirSync(dirname(folder));
  } catch {
    // it is not empty, or it is gone
  }
}
