import { type ImportOf, resolveRelative, type SourceFile } from './source-file.ts';

interface PackageRule {
  /** Packages of ours that it may import, by their folders. */
  readonly ours: readonly string[];
  /** Packages of ours that it may know by type, and load only when a line of it runs. */
  readonly onDemand?: readonly string[];
  /** Packages of others; none named means any that its manifest lists. */
  readonly others?: readonly string[];
  /** Packages of others that it may know by type only. */
  readonly othersByType?: readonly string[];
}

/**
 * Which package may import which. The arrows never point back: a row names packages of earlier rows only. A package
 * may have its row before it exists.
 */
export const importTable: Readonly<Record<string, PackageRule>> = {
  core: { ours: [], others: ['nanoid', 'zod'], othersByType: ['kysely'] },
  postgres: { ours: ['core'], others: ['kysely', 'node:', 'pg'] },
  'event-store': { ours: ['core', 'postgres'] },
  commands: { ours: ['core'], others: ['nanoid', 'zod', 'node:'] },
  subscriptions: { ours: ['core', 'postgres', 'event-store'] },
  projections: { ours: ['core', 'postgres', 'event-store', 'subscriptions'] },
  messaging: { ours: ['core', 'postgres', 'event-store', 'subscriptions'] },
  'messaging-*': { ours: ['core', 'messaging'] },
  processes: { ours: ['core', 'commands', 'subscriptions'] },
  transactions: { ours: ['core', 'postgres', 'event-store'] },
  embedded: { ours: [] },
  testing: { ours: ['core', 'embedded'] },
  leftfold: {
    ours: [
      'core',
      'postgres',
      'event-store',
      'commands',
      'subscriptions',
      'projections',
      'messaging',
      'processes',
      'transactions',
    ],
    onDemand: ['embedded'],
  },
};

/** The rule of a package's folder; that of the brokers' packages for every `messaging-…`. */
export function ruleOf(folder: string): PackageRule | undefined {
  return importTable[folder] ?? importTable[folder.replace(/-.*/, '-*')];
}

/** The imports of a source file that the table does not allow, one line each. Tests may use `testing`, `testbed` and tools. */
export function forbiddenImports(file: SourceFile): string[] {
  const [, folder = ''] = file.path.split('/');
  const rule = ruleOf(folder);
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
    const amongOurs = (folders: readonly string[] = []) => among(folders.map((one) => `@leftfold/${one}`));
    return (
      amongOurs(rule.ours) ||
      ((typeOnly || dynamic) && amongOurs(rule.onDemand)) ||
      (isTest && (amongOurs(rule.onDemand) || amongOurs(['testbed', 'testing'])))
    );
  }
  return isTest || rule.others === undefined || among(rule.others) || (typeOnly && among(rule.othersByType));
}

/**
 * The relative imports of a package's file, a test's included, that lead out of the package: past the `exports` of
 * another one. An import by name cannot: the compiler resolves names by those `exports`.
 */
export function importsOutOfPackage(file: SourceFile): string[] {
  const home = `${file.path.split('/').slice(0, 2).join('/')}/`;
  return file.imports
    .filter(
      (one) => one.specifier.startsWith('.') && !resolveRelative(file.path, one.specifier).startsWith(home),
    )
    .map((one) => `${file.path}: import ${one.specifier} by the name of its package`);
}
