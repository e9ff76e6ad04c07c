import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** One `import` or `export … from` of a file. */
export interface ImportOf {
  readonly specifier: string;
  /** True for `import type`, which loads nothing at run time. */
  readonly typeOnly: boolean;
  /** True for `import('…')`, which loads when the line runs. */
  readonly dynamic: boolean;
}

/** A TypeScript file of the repository. */
export interface SourceFile {
  /** Path from the root, with forward slashes. */
  readonly path: string;
  /** The text without comments at the beginning of a line. */
  readonly code: string;
  readonly lines: number;
  readonly imports: readonly ImportOf[];
}

const skipped = new Set(['node_modules', 'dist', 'cache', '.git', '.turbo', '.leftfold']);

/** Paths of all files below a folder, from the root. Installed and built files are left out. */
export function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : filesBelow(path);
    return entry.isFile() ? [path.split(sep).join('/')] : [];
  });
}

export function readSource(path: string): SourceFile {
  return parseSource(path, readFileSync(join(root, path), 'utf8'));
}

export function parseSource(path: string, text: string): SourceFile {
  const code = text.replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, '').replace(/^[ \t]*\/\/.*$/gm, '');
  return { path, code, lines: text.trimEnd().split('\n').length, imports: importsOf(code) };
}

function importsOf(code: string): ImportOf[] {
  const found: ImportOf[] = [];
  for (const [, type, specifier = ''] of code.matchAll(
    /^[ \t]*(?:import|export)\s+(type\s)?[^'"`;()]*?from\s*['"]([^'"]+)['"]/gm,
  )) {
    found.push({ specifier, typeOnly: type !== undefined, dynamic: false });
  }
  for (const [, specifier = ''] of code.matchAll(/^[ \t]*import\s*['"]([^'"]+)['"]/gm)) {
    found.push({ specifier, typeOnly: false, dynamic: false });
  }
  for (const [, specifier = ''] of code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)) {
    found.push({ specifier, typeOnly: false, dynamic: true });
  }
  return found;
}

/** The path of the file that a relative import refers to. */
export function resolveRelative(from: string, specifier: string): string {
  return relative(root, join(root, dirname(from), specifier))
    .split(sep)
    .join('/');
}
