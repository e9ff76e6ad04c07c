// Starts `npm run demo`, `npm test` and other commands: installs the packages that the command needs, then runs it.
// Needs only Node and npm, and imports no dependency, since none may be installed yet.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * The file that each command starts. `needs` names the workspace package to install, with its dependencies only;
 * without it everything is installed. What is `built` runs the packages as users have them: sources are stripped of their
 * types while they load, and are a sixth slower.
 */
const commands = {
  demo: { needs: '@leftfold/example-bank', entry: 'examples/bank/src/main.ts' },
  retail: { needs: '@leftfold/example-retail', entry: 'examples/retail/src/main.ts' },
  shop: { needs: '@leftfold/example-shop', entry: 'examples/shop/src/main.ts' },
  booking: { needs: '@leftfold/example-booking', entry: 'examples/booking/src/main.ts' },
  bench: { built: true, entry: 'benchmarks/src/main.ts' },
  oracle: { entry: 'oracle/src/main.ts' },
  test: { entry: 'scripts/check.mjs' },
};

const [name = '', ...args] = process.argv.slice(2);
const { needs = '*', built = false, entry } = commands[name] ?? {};

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Leftfold needs Node 20.19 or newer; this is Node ${process.versions.node}.`);
}
if (!entry) fail(`Unknown command "${name}". The commands are: ${Object.keys(commands).join(', ')}.`);
if (!existsSync(join(root, entry))) fail(`Cannot run "${name}": ${entry} does not exist.`);

const env = {
  ...process.env,
  DO_NOT_TRACK: '1',
  TURBO_TELEMETRY_DISABLED: '1',
  // These caches would be left in the temporary directory.
  NODE_DISABLE_COMPILE_CACHE: '1',
  TSX_DISABLE_CACHE: '1',
};

await install();
if (built) await build();
process.exit(
  await run(process.execPath, [...flags(), join(root, entry), ...args], { env, stdio: 'inherit' }),
);

/** Flags to start a TypeScript file: tsx strips types, and the condition resolves workspace packages to sources. */
function flags() {
  if (entry.endsWith('.mjs')) return [];
  const tsx = createRequire(join(root, entry)).resolve('tsx');
  const condition = built ? [] : ['--conditions=@leftfold/source'];
  return [...condition, '--import', pathToFileURL(tsx).href];
}

/** Brings the built packages up to date. */
async function build() {
  const turbo = join(root, 'node_modules', 'turbo', 'bin', 'turbo');
  const args = ['run', 'build', '--filter=./packages/*', '--output-logs=errors-only', '--log-prefix=none'];
  const code = await run(process.execPath, [turbo, ...args], { cwd: root, env, stdio: ['inherit', 2, 2] });
  if (code !== 0) fail('The packages could not be built; see the output above.', code);
}

/** Brings node_modules up to date with the lockfile. Returns at once if it is up to date. */
async function install() {
  const marker = join(root, 'node_modules', '.leftfold-installed.json');
  const wanted = fingerprint();
  const found = existsSync(marker) ? JSON.parse(readFileSync(marker, 'utf8')) : {};
  const installed = found.fingerprint === wanted ? found.packages : [];
  if (installed.includes('*') || installed.includes(needs)) return;

  // Installs a part only if nothing is installed. If everything was installed, by `npm test` or by pnpm, installs
  // everything, since installing a part would remove the rest.
  const pnpmWasHere = existsSync(join(root, 'node_modules', '.modules.yaml'));
  const everything = found.packages?.includes('*') ?? pnpmWasHere;
  const part = everything ? '*' : needs;

  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const filter = part === '*' ? [] : ['--prod', '--filter-prod', `${part}...`];
  const what = part === '*' ? 'everything' : `${part} and its dependencies`;
  console.log(`Installing ${what} (${packageManager}) ...`);
  const started = performance.now();
  const [program, ...prefix] = packageManagerCommand(packageManager);
  const code = await run(
    program,
    [...prefix, ...filter, 'install', '--frozen-lockfile', '--loglevel=error'],
    {
      cwd: root,
      env: installEnv(),
      stdio: 'inherit',
      shell: process.platform === 'win32',
    },
  );
  if (code > 128) fail('The installation was interrupted.', code);
  if (code !== 0) fail(`The installation failed with exit code ${code}; see the output above.`, code);

  writeFileSync(marker, JSON.stringify({ fingerprint: wanted, packages: [...installed, part] }));
  console.log(`Installed in ${((performance.now() - started) / 1000).toFixed(1)} s.\n`);
}

/** Changes when a manifest, the lockfile or the platform has changed, which requires a new installation. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  const folders = ['packages', 'examples'].flatMap((parent) =>
    readdirSync(join(root, parent)).map((child) => join(parent, child)),
  );
  for (const folder of ['.', 'benchmarks', 'docs', 'oracle', 'test/testbed', ...folders]) {
    const manifest = join(root, folder, 'package.json');
    if (existsSync(manifest)) hash.update(readFileSync(manifest));
  }
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** pnpm if it started this process, otherwise the pinned pnpm through npm, which comes with Node. */
function packageManagerCommand(packageManager) {
  if (process.env.npm_config_user_agent?.startsWith('pnpm')) return ['pnpm'];
  const npm = process.env.npm_execpath;
  if (npm?.endsWith('npm-cli.js')) {
    return [process.execPath, npm, 'exec', '--yes', `--package=${packageManager}`, '--', 'pnpm'];
  }
  return ['npx', '--yes', packageManager];
}

/** The environment without variables that exclude development packages or change the behaviour of npx. */
function installEnv() {
  const clean = { ...env };
  for (const key of [
    'NODE_ENV',
    'npm_config_production',
    'npm_config_omit',
    'npm_config_package',
    'npm_config_call',
  ]) {
    delete clean[key];
  }
  return clean;
}

/** Runs a program and resolves to its exit code. Forwards signals to the program, so that it can clean up. */
function run(program, programArgs, options) {
  return new Promise((resolve) => {
    const child = spawn(program, programArgs, options);
    const forward = (signal) => {
      // A terminal sends Ctrl-C to the child as well; a second SIGINT would interrupt its clean-up.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    // npm forwards a signal only to its shell, which ends without forwarding it. A new parent process shows that.
    const parent = process.ppid;
    const orphaned = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(orphaned);
      child.kill('SIGTERM');
    }, 250);
    child.on('error', (error) => fail(`Cannot start ${program}: ${error.message}`));
    child.on('exit', (code, signal) => {
      clearInterval(orphaned);
      for (const each of signals) process.off(each, forward);
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
}
