import { type ImportOf, resolveRelative, type SourceFile } from './source-file.ts';

interface PackageRule {
  /** Folders of workspace packages that it may import. */
  readonly ours: readonly string[];
  /** Workspace packages that it may import as types, or load with `import()`. */
  readonly onDemand?: readonly string[];
  /** Other packages that it may import; without a list, all that its manifest has. */
  readonly others?: readonly string[];
  /** Other packages that it may import as types only. */
  readonly othersByType?: readonly string[];
}

/**
 * The allowed imports of each package. There are no cycles: a row names packages of earlier rows only. A row may
 * exist before its package.
 */
export const importTable: Readonly<Record<string, PackageRule>> = {
  core: { ours: [], others: ['nanoid', 'zod'], othersByType: ['kysely'] },
  postgres: { ours: ['core'], others: ['kysely', 'node:', 'pg'] },
  'event-store': { ours: ['core', 'postgres'] },
  commands: { ours: ['core'], others: ['nanoid', 'zod', 'node:'] },
  subscriptions: { ours: ['core', 'postgres', 'event-store'] },
  projections: { ours: ['core', 'postgres', 'event-store', 'subscriptions'] },
  messaging: { ours: ['core', 'postgres', 'event-store', 'subscriptions'] },
  'messaging-nats': {
    ours: ['core', 'messaging'],
    others: ['@nats-io/jetstream', '@nats-io/transport-node', 'node:'],
  },
  'messaging-postgres': { ours: ['core', 'postgres', 'messaging'], others: ['pg', 'node:'] },
  'messaging-rabbitmq': { ours: ['core', 'messaging'], others: ['amqplib', 'node:'] },
  'messaging-redis': { ours: ['core', 'messaging'], others: ['ioredis', 'node:'] },
  'messaging-*': { ours: ['core', 'messaging'] },
  processes: { ours: ['core', 'postgres', 'event-store', 'commands', 'subscriptions'] },
  transactions: { ours: ['core', 'postgres', 'event-store'] },
  embedded: { ours: [] },
  testing: { ours: ['core', 'embedded', 'messaging'] },
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

/** The rule of a package's folder. All folders `messaging-…` have the rule `messaging-*`. */
export function ruleOf(folder: string): PackageRule | undefined {
  return importTable[folder] ?? importTable[folder.replace(/-.*/, '-*')];
}

/** Lists the imports of a source file that the table does not allow. Tests may import `testing`, `testbed` and tools too. */
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
 * Lists the relative imports of a file, tests included, that lead out of its package and so bypass the `exports` of
 * another one. The compiler checks imports by name against those `exports`.
 */
export function importsOutOfPackage(file: SourceFile): string[] {
  const home = `${file.path.split('/').slice(0, 2).join('/')}/`;
  return file.imports
    .filter(
      (one) => one.specifier.startsWith('.') && !resolveRelative(file.path, one.specifier).startsWith(home),
    )
    .map((one) => `${file.path}: import ${one.specifier} by the name of its package`);
}
