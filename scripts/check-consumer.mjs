// Checks the packages in a user's project: packs them, installs them with npm into an empty folder outside of the
// repository, compiles the project against the published types, and runs its tests with a real PostgreSQL.
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const work = mkdtempSync(join(tmpdir(), 'leftfold-consumer-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

const archives = join(work, 'archives');
const project = join(work, 'project');
mkdirSync(archives);
mkdirSync(project);
// A project as in "Getting started", with tests.
cpSync(join(root, 'scripts', 'consumer'), project, { recursive: true });

const packed = Object.fromEntries(await Promise.all(publishedFolders().map(pack)));
writeFileSync(join(project, 'package.json'), JSON.stringify(manifest(packed), undefined, 2));

await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error']);
await run(bin('tsc'), ['--project', 'tsconfig.json']);
await run(bin('vitest'), ['run']);
console.log('a project with the packed packages compiles, and its tests pass');

function publishedFolders() {
  return readdirSync(join(root, 'packages'))
    .map((folder) => join(root, 'packages', folder))
    .filter((folder) => !readManifest(folder).private);
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

async function pack(folder) {
  const { name } = readManifest(folder);
  const archive = join(archives, `${name.replace('@', '').replace('/', '-')}.tgz`);
  const pnpm = join(root, 'node_modules', '.bin', 'pnpm');
  await promisify(execFile)(pnpm, ['pack', '--out', archive], {
    cwd: folder,
    shell: process.platform === 'win32',
  });
  return [name, `file:${archive}`];
}

/** Uses the archives for all packages of this repository, and the tested versions of all other packages. */
function manifest(ours) {
  const tested = Object.fromEntries(
    ['kysely', 'zod', 'vitest', 'typescript', '@types/node', '@types/pg'].map((name) => [
      name,
      versionOf(name),
    ]),
  );
  return {
    name: 'consumer',
    private: true,
    type: 'module',
    dependencies: { ...ours, ...tested },
    overrides: ours,
  };
}

function versionOf(name) {
  const catalog = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
  const line = new RegExp(`^ {2}"?${name.replace('/', '\\/')}"?: (\\S+)$`, 'm').exec(catalog);
  if (!line) throw new Error(`pnpm-workspace.yaml has no version of ${name}`);
  return line[1];
}

function bin(name) {
  return join(project, 'node_modules', '.bin', name);
}

async function run(program, args) {
  const child = spawn(program, args, { cwd: project, stdio: 'inherit', shell: process.platform === 'win32' });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code === 0) return;
  console.error(`${[program, ...args].join(' ')} failed with exit code ${code}`);
  process.exit(1);
}
