// Runs all checks of CI; the script behind `npm test`. Step names as arguments select steps: `npm test -- lint unit`.
// Prints one line per step, the output and the command of each failed step, and the sums at the end.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countTests, readReport } from './test-report.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** The folder for the results of vitest, which are counted and used by the check of guarantees. */
const results = join('node_modules', '.cache', 'leftfold');

const onStockServer = process.env.LEFTFOLD_REQUIRE_SERVICES === '1' && !process.env.DATABASE_URL;

/**
 * The steps, by phases. Two steps of a phase run at the same time. A step that is not a vitest run counts as one test.
 * The PostgreSQL tests have a separate phase, since their races need a machine without other load.
 *
 * turbo skips a task while its inputs, listed in turbo.json, are unchanged. Tests always run.
 *
 * @type {Array<Array<{ name: string; run: string; needs?: string; results?: string; live?: boolean }>>}
 */
const phases = [
  [
    { name: 'format', run: 'biome format' },
    { name: 'generated', run: 'node scripts/embed-migrations.mjs --check' },
    { name: 'types', run: 'tsc -b' },
    { name: 'lint', ...turbo('lint') },
    { name: 'unused', ...turbo('check:unused') },
  ],
  [
    { name: 'build', ...turbo('build', './packages/*') },
    { name: 'unit', ...vitest('unit', '--project unit --project types --project root') },
  ],
  [
    { name: 'api', needs: 'build', ...turbo('check:api') },
    { name: 'packages', needs: 'build', ...turbo('check:packages') },
    { name: 'consumer', needs: 'build', run: 'node --import tsx scripts/check-consumer.mjs' },
    { name: 'docs', ...turbo('build', '@leftfold/docs') },
    { name: 'pages', ...vitest('pages', '--project docs') },
  ],
  [
    {
      name: 'postgres',
      live: true,
      ...vitest('postgres', '--project pg --project brokers --project pg-serial'),
    },
  ],
  // The Postgres suites once more, on the server at the standard port: see vitest.config.ts.
  ...(onStockServer ? [[{ name: 'stock', live: true, ...vitest('stock', '--project pg-stock') }]] : []),
  [{ name: 'guarantees', run: `node --import tsx test/guarantees/main.ts ${results}` }],
];

const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const unknown = asked.find((name) => !phases.flat().some((step) => step.name === name));
if (unknown) {
  console.error(
    `There is no step "${unknown}". The steps are: ${phases
      .flat()
      .map((step) => step.name)
      .join(', ')}.`,
  );
  process.exit(1);
}
/** The selected steps, and the steps that these need. */
const wanted = phases
  .flat()
  .filter(({ name }) => asked.length === 0 || asked.includes(name))
  .flatMap(({ name, needs }) => [name, needs]);

const env = {
  ...process.env,
  PATH: `${join(root, 'node_modules', '.bin')}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`,
  DO_NOT_TRACK: '1',
  TURBO_TELEMETRY_DISABLED: '1',
  NODE_DISABLE_COMPILE_CACHE: '1',
  TSX_DISABLE_CACHE: '1',
  // pnpm must not install during a check; run.mjs has installed everything.
  npm_config_verify_deps_before_run: 'false',
};

/** Functions that stop the running programs, called when this process gets a signal. */
const running = new Set();
let interrupted = false;
for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
  process.on(signal, () => {
    if (interrupted) return; // a second signal would interrupt the programs while they clean up after the first
    interrupted = true;
    for (const stop of running) stop();
    process.exitCode = code;
  });
}

const started = performance.now();
/** @type {string[]} */
const red = [];
const sum = { passed: 0, failed: 0, skipped: 0 };
if (asked.length === 0) rmSync(join(root, results), { recursive: true, force: true });
mkdirSync(join(root, results), { recursive: true });

for (const phase of phases) {
  const queue = phase.filter((step) => wanted.includes(step.name));
  const worker = async () => {
    for (let step = queue.shift(); step && !interrupted; step = queue.shift()) await check(step);
  };
  await Promise.all([worker(), worker()]);
}

if (!interrupted) {
  const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : '';
  console.log(`\nChecked in ${seconds(started)}.${red.length > 0 ? ` Failed: ${red.join(', ')}.` : ''}`);
  console.log(`${sum.passed} passed, ${sum.failed} failed${skipped}`);
  process.exitCode = sum.failed > 0 ? 1 : 0;
}

/** @param {(typeof phases)[number][number]} step */
async function check(step) {
  const begun = performance.now();
  if (step.live) console.log(`\n${step.name}: ${step.run}`);
  if (step.results) rmSync(join(root, step.results), { force: true });
  const { code, output } = await execute(
    step.results ? `${step.run} ${reporters(step.results)}` : step.run,
    step.live === true,
  );
  if (interrupted) return;
  const counts = step.results
    ? countTests(readReport(join(root, step.results)), code)
    : { passed: Number(code === 0), failed: Number(code !== 0), skipped: 0 };
  sum.passed += counts.passed;
  sum.failed += counts.failed;
  sum.skipped += counts.skipped;
  const tests = step.results
    ? `  ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`
    : output.includes('FULL TURBO')
      ? '  unchanged'
      : '';
  console.log(
    `${code === 0 ? 'ok    ' : 'FAILED'}  ${step.name.padEnd(11)} ${seconds(begun).padStart(7)}${tests}`,
  );
  if (code !== 0) {
    red.push(step.name);
    console.log(output.trimEnd());
    const variable = step.name === 'stock' ? 'LEFTFOLD_REQUIRE_SERVICES=1 ' : '';
    console.log(`To repeat ${step.name}: ${variable}npm test -- ${step.name}    (runs: ${step.run})\n`);
  }
}

/** A task of turbo.json: of the root, or of the packages that a filter selects. */
function turbo(task, filter = '//') {
  return { run: `turbo run ${task} --filter=${filter} --output-logs=errors-only --log-prefix=none` };
}

/** A vitest run, with the file for its results. */
function vitest(name, projects) {
  return { run: `vitest run ${projects}`, results: join(results, `${name}.json`) };
}

/** vitest's default output, and a JSON file for the counts. */
function reporters(file) {
  return `--reporter=default --reporter=json --outputFile.json=${file}`;
}

/** Runs a command line of the list above, which has no quotes, to its end. */
function execute(line, live) {
  const [program = '', ...args] = line.split(' ');
  return new Promise((resolve) => {
    const chunks = [];
    // A captured program gets a process group, so that its child processes can be stopped as well. A live program
    // stays in the group of this process, so that a signal of the terminal stops it in any case.
    const detached = !live && process.platform !== 'win32';
    const child = spawn(program, args, {
      cwd: root,
      env,
      detached,
      stdio: live ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    const stop = () => {
      if (!detached || !child.pid) return child.kill('SIGTERM');
      try {
        process.kill(-child.pid, 'SIGTERM');
      } catch {
        // The program has just ended.
      }
    };
    running.add(stop);
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
    const end = (code, extra = '') => {
      running.delete(stop);
      resolve({ code, output: Buffer.concat(chunks).toString() + extra });
    };
    child.on('error', (error) => end(1, error.message));
    child.on('close', (code) => end(code ?? 1));
  });
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
