// Writes reference/<package>.md: all public names of a package, with docstrings and declarations.
// It reads the declarations of `tsc`, so that the pages match what editors show.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const docs = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(docs);
const folders = readdirSync(join(root, 'packages')).toSorted();
const work = mkdtempSync(join(tmpdir(), 'leftfold-reference-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

/** Names of docstring tags on the page. */
const words = {
  param: 'Parameter',
  throws: 'Throws',
  returns: 'Returns',
  default: 'Default:',
  example: 'Example:',
  internal: 'Internal.',
};

/** `export { a, type B } from './c.ts'` */
const exportList = /^export (?:type )?\{([^}]*)\} from '([^']+)';$/gm;

await emitDeclarations();
rmSync(join(docs, 'reference'), { recursive: true, force: true });
mkdirSync(join(docs, 'reference'));
for (const folder of folders) {
  writeFileSync(join(docs, 'reference', `${folder}.md`), pageOf(folder));
}
console.log(`reference of ${folders.length} packages written`);

async function emitDeclarations() {
  const config = {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: {
      rootDir: join(root, 'packages'),
      outDir: work,
      emitDeclarationOnly: true,
      declarationMap: false,
      types: ['node'],
      typeRoots: [join(root, 'node_modules', '@types')],
      noCheck: true, // another step checks types
    },
    // Includes every file: tsc does not emit a file that is only imported by another package, since it is a library then.
    include: [join(root, 'packages/*/src/**/*.ts')],
    exclude: [join(root, 'packages/*/src/**/*.test.ts'), join(root, 'packages/*/src/**/*.test-d.ts')],
  };
  const file = join(work, 'tsconfig.json');
  writeFileSync(file, JSON.stringify(config));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', file], { cwd: root });
}

/** The entries of a package: the specifiers of their imports, and their source files. */
function entriesOf(folder) {
  const manifest = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'));
  return Object.entries(manifest.exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([path, target]) => ({
      specifier: manifest.name + path.slice(1),
      description: manifest.description,
      source: join(root, 'packages', folder, target['@leftfold/source']),
    }));
}

function pageOf(folder) {
  const entries = entriesOf(folder);
  const sections = entries.map(({ specifier, source }) => {
    const heading = entries.length > 1 ? [`## ${specifier}`, ''] : [];
    const level = entries.length > 1 ? '###' : '##';
    const exports = publicNames(declarationOf(source)).toSorted((one, other) =>
      compare(one.name, other.name),
    );
    return [
      ...heading,
      ...reexported(declarationOf(source)),
      ...exports.map((one) => describe(one, level)),
    ].join('\n');
  });
  const [first] = entries;
  return [
    `# ${first.specifier}`,
    '',
    first.description,
    '',
    'All public names, with their declarations and docstrings.',
    '',
    sections.join('\n').trim() || 'This entry has side effects only and exports no names.',
    '',
  ].join('\n');
}

/** `packages/core/src/x.ts` → the file that tsc wrote for it. */
function declarationOf(source) {
  return join(work, source.slice(join(root, 'packages').length).replace(/\.ts$/, '.d.ts'));
}

/** The names that an entry exports and its package declares. */
function publicNames(file) {
  const lists = [...readFileSync(file, 'utf8').matchAll(exportList)].filter(([, , from]) =>
    from.startsWith('.'),
  );
  const fromOtherFiles = lists.flatMap(([, names, from]) =>
    namesIn(names).map((local) => {
      const declaring = join(dirname(file), from.replace(/\.ts$/, '.d.ts'));
      const found = statementsOf(declaring).get(local);
      if (!found) throw new Error(`${declaring} does not declare ${local}`);
      return found;
    }),
  );
  const own = [...statementsOf(file).values()].filter(({ code }) => code.startsWith('export '));
  return [...own, ...fromOtherFiles];
}

/** The names that an entry re-exports from other packages, one paragraph for each package. */
function reexported(file) {
  const lists = [...readFileSync(file, 'utf8').matchAll(exportList)].filter(
    ([, , from]) => !from.startsWith('.'),
  );
  return lists.flatMap(([, names, from]) => {
    const list = namesIn(names)
      .toSorted((one, other) => compare(one, other))
      .map((name) => `\`${name}\``);
    const page = from.split('/')[1];
    return [`From ${page ? `[\`${from}\`](./${page}.md)` : `\`${from}\``}: ${list.join(', ')}.`, ''];
  });
}

function namesIn(list) {
  return list
    .split(',')
    .map((name) => name.trim().replace(/^type /, ''))
    .filter(Boolean);
}

/** Top-level declarations of a declaration file: each begins and ends at the left margin. */
function statementsOf(file) {
  const text = readFileSync(file, 'utf8');
  const statement =
    /^(\/\*\*(?:[^*]|\*(?!\/))*\*\/\n)?((?:export )?(?:declare )?(?:abstract )?(?:const|function|class|interface|type) (\w+)[\s\S]*?)(?=^(?:\/\*\*|export |declare |interface |type |import |\/\/# )|(?![\s\S]))/gm;
  const found = new Map();
  for (const [, comment = '', code, name] of text.matchAll(statement)) {
    found.set(name, { name, comment, code: code.trim(), file: found });
  }
  return found;
}

function describe({ name, comment, code, file }, level) {
  const shown = [code, ...inheritedBy(code, file)]
    .join('\n\n')
    .replace(/^(?:export )?(?:declare )?/gm, '')
    .replace(/^ {4}(#private;|private .*)\n/gm, '')
    .replace(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 2));
  return [`${level} ${name}`, '', proseOf(comment), '', '```typescript', shown, '```', ''].join('\n');
}

/** The base interfaces of a declaration that are not public, so that the page shows their members. */
function inheritedBy(code, file) {
  const [, bases = ''] = /^export interface [^{]*? extends ([^{]*)\{/.exec(code) ?? [];
  const own = [...bases.matchAll(/\w+/g)]
    .map(([name]) => file.get(name))
    .filter((base) => base && !base.code.startsWith('export '));
  return own.flatMap((base) => [base.code, ...inheritedBy(`export ${base.code}`, file)]);
}

/** Converts a docstring to Markdown. Each tag begins a paragraph. */
function proseOf(comment) {
  return comment
    .replace(/^\/\*\*|\*\/$/gm, '')
    .replace(/^ ?\* ?/gm, '')
    .replace(/\{@link ([^}\s]+)\s*([^}]*)\}/g, (_, target, label) => `\`${label || target}\``)
    .replace(/^@(param|throws|returns|default|example|internal) ?/gm, (_, tag) => `\n**${words[tag]}** `)
    .replace(/\*\*Parameter\*\* (\S+)/g, '**Parameter** `$1`')
    .replace(/(?<!`)<(?=[a-z])/gi, '&lt;')
    .trim();
}

function compare(one, other) {
  return one.localeCompare(other, 'en');
}
