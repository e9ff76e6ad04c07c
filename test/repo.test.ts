import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { forbiddenImports, importsOutOfPackage, ruleOf } from './import-rules.ts';
import { filesBelow, readSource, root } from './source-file.ts';

/** The fields that these tests read from package.json, tsconfig.json, turbo.json and knip.json. */
interface ConfigFile {
  readonly version?: string;
  readonly packageManager?: string;
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly extends?: string;
  readonly references?: readonly { readonly path: string }[];
  readonly globalDependencies?: readonly string[];
  readonly workspaces?: Readonly<Record<string, unknown>>;
}

const folders = readdirSync(join(root, 'packages'));
const files = filesBelow('packages')
  .filter((path) => path.endsWith('.ts'))
  .map(readSource);
const sources = files.filter((file) => file.path.split('/')[2] === 'src');
const isTest = (path: string) => /\.test(-d)?\.ts$/.test(path);
const isGenerated = (path: string) => /[./]generated\.ts$/.test(path);

describe('the sources', () => {
  test('import only what the import table allows', () => {
    expect(sources.length).toBeGreaterThan(folders.length);
    expect(sources.flatMap(forbiddenImports)).toEqual([]);
  });

  test('have a row in the import table for every package', () => {
    expect(folders.filter((folder) => ruleOf(folder) === undefined)).toEqual([]);
  });

  test('import files of other packages by the names of those packages', () => {
    expect(files.flatMap(importsOutOfPackage)).toEqual([]);
  });

  test('use no `import()` of own files, which the check for import cycles cannot follow', () => {
    const onDemand = sources
      .filter((file) => !isTest(file.path))
      .filter((file) => file.imports.some((one) => one.dynamic && one.specifier.startsWith('.')));
    expect(onDemand.map((file) => file.path)).toEqual([]);
  });

  test('have at most 300 lines per file, and tests 500', () => {
    const tooLong = files
      .filter((file) => !isGenerated(file.path))
      .filter((file) => file.lines > (isTest(file.path) || !sources.includes(file) ? 500 : 300))
      .map((file) => `${file.path}: ${file.lines} lines`);
    expect(tooLong).toEqual([]);
  });

  test('are named after a concept, never `utils`, `helpers`, `types` or the like', () => {
    const vague = /^(utils?|helpers?|commons?|types?|shared|misc|lib)(\.ts)?$/;
    const named = files.filter((file) => file.path.split('/').some((part) => vague.test(part)));
    expect(named.map((file) => file.path)).toEqual([]);
  });

  test('use named exports only, and entries list each name', () => {
    const stars = sources.filter((file) => /^export (default|\*)/m.test(file.code));
    expect(stars.map((file) => file.path)).toEqual([]);

    const entries = sources.filter((file) => /^packages\/[^/]+\/src\/index\.ts$/.test(file.path));
    const more = entries.filter((file) => file.code.replace(/^export [^;]*;$/gm, '').trim() !== '');
    expect(more.map((file) => file.path)).toEqual([]);
  });

  test('contain no double cast and no TODO', () => {
    const twice = sources.filter((file) => !isTest(file.path) && /\bas unknown as\b/.test(file.code));
    const todo = files.filter((file) =>
      /\b(TODO|FIXME|XXX)\b/.test(readFileSync(join(root, file.path), 'utf8')),
    );
    expect([...twice, ...todo].map((file) => file.path)).toEqual([]);
  });
});

describe('the configuration', () => {
  const readJson = (path: string): ConfigFile => JSON.parse(readFileSync(join(root, path), 'utf8'));
  const manifests = ['', ...folders.map((folder) => `packages/${folder}/`)].map((folder) => ({
    folder,
    manifest: readJson(`${folder}package.json`),
  }));

  test('names only paths that exist', () => {
    const named = [
      ...filesBelow('.')
        .filter((path) => /(^|\/)tsconfig[^/]*\.json$/.test(path))
        .flatMap((path) => {
          const { extends: base, references = [] } = readJson(path);
          return [base ?? '.', ...references.map((one) => one.path)].map((one) => join(dirname(path), one));
        }),
      ...(readJson('turbo.json').globalDependencies ?? []),
      ...Object.keys(readJson('knip.json').workspaces ?? {}).map((one) => one.replace('/*', '')),
      ...manifests.flatMap(({ folder, manifest }) =>
        Object.values(manifest.exports ?? {}).map((target) =>
          join(folder, typeof target === 'string' ? target : (target['@leftfold/source'] ?? 'no source')),
        ),
      ),
    ];
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('has the same licence, engines and version in every package', () => {
    for (const { folder, manifest } of manifests.filter((one) => one.folder !== '')) {
      expect(manifest, folder).toMatchObject({
        license: 'MIT',
        type: 'module',
        sideEffects: false,
        engines: { node: '>=20.19' },
        version: manifests[1]?.manifest.version,
      });
      expect(Object.keys(manifest.exports?.['.'] ?? {}), folder).toEqual([
        '@leftfold/source',
        'types',
        'default',
      ]);
    }
  });

  test('lists no peer as a development dependency, which the demo does not install', () => {
    const twice = manifests.flatMap(({ folder, manifest }) =>
      Object.keys(manifest.peerDependencies ?? {})
        .filter((name) => name in (manifest.devDependencies ?? {}))
        .map((name) => `${folder}package.json: ${name}`),
    );
    expect(twice).toEqual([]);
  });

  test('installs no development tool but tsx for the demo', () => {
    const packages = new Map(manifests.map(({ manifest }) => [manifest.name, manifest]));
    // Types come with the packages whose declarations need them.
    const tools = Object.keys(readJson('package.json').devDependencies ?? {}).filter(
      (name) => !name.startsWith('@types/'),
    );
    const reached = new Set<string>();
    const visit = ({ dependencies, peerDependencies }: ConfigFile) => {
      for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
        if (reached.has(name)) continue;
        reached.add(name);
        visit(packages.get(name) ?? {});
      }
    };
    for (const example of readdirSync(join(root, 'examples')))
      visit(readJson(`examples/${example}/package.json`));
    expect(reached).toContain('@leftfold/event-store');
    expect([...reached].filter((name) => tools.includes(name))).toEqual(['tsx']);
  });

  test('has the licence file in every package', () => {
    const licence = readFileSync(join(root, 'LICENSE'), 'utf8');
    for (const folder of folders) {
      expect(readFileSync(join(root, 'packages', folder, 'LICENSE'), 'utf8'), folder).toBe(licence);
    }
  });

  test('pins the same pnpm in package.json and in the workspace', () => {
    const pinned = readJson('package.json').packageManager?.replace('pnpm@', '');
    const workspace = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
    expect(workspace).toContain(`\n  pnpm: ${pinned}\n`);
  });

  test('installs one version of kysely, zod and pg, whose types packages share', () => {
    const lockfile = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8');
    for (const name of ['kysely', 'zod', 'pg']) {
      expect(lockfile.match(new RegExp(`^  ${name}@[^:]+:( {})?$`, 'gm')), name).toHaveLength(2); // once below packages, once below snapshots
    }
  });

  test('has no package addresses in the lockfile', () => {
    expect(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')).not.toMatch(/https?:\/\/|tarball:/);
  });
});
