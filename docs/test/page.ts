import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { filesBelow, root } from '../../test/source-file.ts';

export { root };

/** A page of the documentation, with its code. */
export interface Page {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly text: string;
  /** The TypeScript files of the page, by name. */
  readonly files: ReadonlyMap<string, string>;
  /** The expected output of the code, from the comments `// =>`, in the order of the page. */
  readonly output: readonly string[];
  readonly sql: readonly SqlStatement[];
}

/** A statement, and its expected rows from the comments `-- =>` below it; undefined without such comments. */
export interface SqlStatement {
  readonly text: string;
  readonly rows: readonly string[] | undefined;
}

/** All hand-written pages: those of the site, and the Markdown files of the repository. */
export function allPages(): readonly Page[] {
  const inSite = filesBelow('docs').filter((path) => /^docs\/(?!reference\/|\.)[^.]*\.md$/.test(path));
  const readmes = ['packages', 'examples', 'benchmarks'].flatMap((folder) =>
    filesBelow(folder).filter((path) => path.endsWith('/README.md')),
  );
  return ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...readmes, ...inSite].map((path) =>
    parsePage(path, readFileSync(join(root, path), 'utf8')),
  );
}

/** The programs of a page: files that no other file imports, without tests and configuration. */
export function programsOf({ files }: Page): readonly string[] {
  const imported = [...files.values()].flatMap((code) =>
    [...code.matchAll(/ from '\.\/([^']+)'/g)].map(([, file]) => file),
  );
  return [...files.keys()].filter((file) => /^[\w-]+\.ts$/.test(file) && !imported.includes(file));
}

/** The test files of a page. */
export function testsOf({ files }: Page): readonly string[] {
  return [...files.keys()].filter((file) => file.endsWith('.test.ts'));
}

/**
 * Extracts the code of a page.
 *
 * A fence whose first line is a comment with a file name begins that file. Any other fence continues the current file.
 * Hidden code, such as the imports of a fragment, is in a comment: `<!-- ts … -->`.
 */
export function parsePage(path: string, text: string): Page {
  const files = new Map<string, string>();
  const output: string[] = [];
  const sql: SqlStatement[] = [];
  let current = 'main.ts';
  // The README of a package may have incomplete code, unless it has expected output.
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
    output.push(...expectedLines(code, '//'));
  }
  return { path, text, files, output, sql };
}

/** The lines after `=>` in comments. Continuation lines are indented by three more. */
function expectedLines(code: string, mark: string): readonly string[] {
  const lines: string[] = [];
  let within = false;
  for (const line of code.split('\n')) {
    const first: string | undefined = new RegExp(`(?:^|\\s)${mark} => ?(.*)$`).exec(line)?.[1];
    const next: string | undefined = within ? new RegExp(`^\\s*${mark} {4}(.*)$`).exec(line)?.[1] : undefined;
    within = first !== undefined || next !== undefined;
    const expected = first ?? next;
    if (expected !== undefined) lines.push(expected.trimEnd());
  }
  return lines;
}

function statementsOf(code: string): readonly SqlStatement[] {
  const statements: SqlStatement[] = [];
  for (const part of code.split(/;[ \t]*$/m)) {
    const comments = /^\s*(?:-- (?:=>| {3}).*\n)+/.exec(part.replace(/^[ \t]*\n/, ''))?.[0] ?? '';
    const last = statements.at(-1);
    if (comments !== '' && last !== undefined) {
      statements[statements.length - 1] = { text: last.text, rows: expectedLines(comments, '--') };
    }
    const text = part
      .replace(/^[ \t]*\n/, '')
      .slice(comments.length)
      .trim();
    if (text !== '') statements.push({ text, rows: undefined });
  }
  return statements;
}

/**
 * Writes the code of pages to a new folder below docs, from which it can import the packages.
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

/** Removes the folders of killed runs. */
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

/** The name of the folder of a page's code: the page's path without slashes and extension. */
export function folderOf({ path }: Page): string {
  return path.replace(/\.md$/, '').replaceAll(/[\\/]/g, '-');
}

export function removeExamples(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  try {
    // The last run removes the parent folder.
    rmdirSync(dirname(folder));
  } catch {
    // The parent folder is not empty, or another run has removed it.
  }
}
