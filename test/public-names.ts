import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSource, root, type SourceFile } from './source-file.ts';

/** One way into a published package. */
export interface Entry {
  /** What a user imports. */
  readonly specifier: string;
  /** Sorted; a name that is erased when compiled has `type` before it. */
  readonly names: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly '@leftfold/source': string }>>;
}

export function entriesOf(folder: string): readonly Entry[] {
  const manifest: Manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  return Object.entries(manifest.exports).flatMap(([path, target]) => {
    if (typeof target === 'string') return [];
    const source = readSource(join(folder, target['@leftfold/source']));
    return [{ specifier: manifest.name + path.slice(1), names: publicNames(source) }];
  });
}

/** Names that a file exports; none is hidden behind a star, for another test forbids those. */
export function publicNames({ code }: Pick<SourceFile, 'code'>): readonly string[] {
  const listed = [...code.matchAll(/^export (type )?\{([^}]*)\}/gm)].flatMap(([, type = '', list = '']) =>
    list
      .split(',')
      .map((one) => one.trim().replace(/^(type )?\w+ as /, '$1'))
      .filter((one) => one !== '')
      .map((one) => type + one),
  );
  const declared = [
    ...code.matchAll(
      /^export (?:declare )?(?:abstract )?(?:async )?(function\*?|const|class|interface|type) (\w+)/gm,
    ),
  ].map(([, kind, name = '']) => (kind === 'interface' || kind === 'type' ? `type ${name}` : name));
  const nameOf = (one: string) => one.replace('type ', '');
  return [...listed, ...declared].toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
}
