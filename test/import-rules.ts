import { type ImportOf, resolveRelative, type SourceFile } from './source-file.ts';

interface PackageRule {
  /** Packages of ours that it may import. */
  readonly ours: readonly string[];
  /** Packages of ours that it may know by type, and load only when a line of it runs. */
  readonly onDemand?: readonly string[];
  /** Packages of others; none named means any that its manifest lists. */
  readonly others?: readonly string[];
  /** Packages of others that it may know by type only. */
  readonly othersByType?: readonly string[];
}

/** Which package may import which. The arrows never point back. */
export const importTable: Readonly<Record<string, PackageRule>> = {
  core: { ours: [], others: ['nanoid', 'zod'], othersByType: ['kysely'] },
  postgres: { ours: ['@leftfold/core'], others: ['kysely', 'node:', 'pg'] },
  'event-store': { ours: ['@leftfold/core', '@leftfold/postgres'] },
  commands: { ours: ['@leftfold/core'], others: ['nanoid', 'zod', 'node:'] },
  subscriptions: { ours: ['@leftfold/core', '@leftfold/event-store', '@leftfold/postgres'] },
  projections: {
    ours: ['@leftfold/core', '@leftfold/event-store', '@leftfold/postgres', '@leftfold/subscriptions'],
  },
  embedded: { ours: [] },
  testing: { ours: ['@leftfold/core', '@leftfold/embedded'] },
  leftfold: {
    ours: [
      '@leftfold/commands',
      '@leftfold/core',
      '@leftfold/event-store',
      '@leftfold/postgres',
      '@leftfold/projections',
      '@leftfold/subscriptions',
    ],
    onDemand: ['@leftfold/embedded'],
  },
};

/** The imports of a source file that the table does not allow, one line each. Tests may use `testing` and tools. */
export function forbiddenImports(file: SourceFile): string[] {
  const [, folder = ''] = file.path.split('/');
  const rule = importTable[folder];
  if (!rule) return [`${file.path}: packages/${folder} has no row in the import table`];
  const isTest = /\.test(-d)?\.ts$/.test(file.path);
  return file.imports
    .filter((one) => !one.specifier.startsWith('.') && !isAllowed(one, rule, isTest))
    .map((one) => `${file.path}: ${folder} may not import ${one.specifier}`);
}

function isAllowed({ specifier, typeOnly, dynamic }: ImportOf, rule: PackageRule, isTest: boolean): boolean {
  const among = (names: readonly string[] = []) =>
    names.some((name) => specifier === name || specifier.startsWith(name.endsWith(':') ? name : `${name}/`));
  if (specifier === 'leftfold' || specifier.startsWith('@leftfold/')) {
    return (
      among(rule.ours) ||
      ((typeOnly || dynamic) && among(rule.onDemand)) ||
      (isTest && (among(rule.onDemand) || among(['@leftfold/testing'])))
    );
  }
  return isTest || rule.others === undefined || among(rule.others) || (typeOnly && among(rule.othersByType));
}

/**
 * The circles among relative imports, each as the paths along it, its first path repeated at the end. A type import
 * closes none: it is gone when the code runs, so that no order of loading can depend on it.
 */
export function importCycles(files: readonly SourceFile[]): string[][] {
  const edges = new Map(
    files.map((file) => [
      file.path,
      file.imports
        .filter((one) => one.specifier.startsWith('.') && !one.typeOnly)
        .map((one) => resolveRelative(file.path, one.specifier)),
    ]),
  );
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push([...trail.slice(start), path]);
    if (start >= 0 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}
