import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defaultServerConditions, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// Workspace packages resolve to their sources, so that no test needs a build. Never add "import" or "module" to
// ssr.resolve.externalConditions: `pg` then loads twice and breaks.
const conditions = ['@leftfold/source', ...defaultServerConditions];

const everywhere = ['packages', 'examples', 'benchmarks', 'oracle', 'test/testbed'];
const matching = (pattern: string) => everywhere.map((folder) => `${folder}/**/${pattern}`);
const notOurs = ['**/node_modules/**', '**/dist/**', '**/.examples/**'];

// Starts one Postgres for the project and provides its admin connection string as `leftfoldPostgres`.
const globalSetup = ['packages/testing/src/vitest/global-setup.ts'];

const pg = {
  include: [...matching('*.pg.test.ts'), 'docs/**/*.pg.test.ts'],
  exclude: [...notOurs, '**/*.serial.pg.test.ts'],
  // A slow machine, or one with other work, takes several times as long as a usual one.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  isolate: false, // as in unit tests
};

// The same suites on the server at the standard port, as it is packaged. CI asks for it by LEFTFOLD_REQUIRE_SERVICES;
// elsewhere that server belongs to a user, and is touched only when DATABASE_URL names it. Left out are the suites
// that start servers of their own, and those on the memory of the client: they are the same everywhere. Pages and
// examples use nothing that the packages' suites do not try.
const onStockServer = process.env['LEFTFOLD_REQUIRE_SERVICES'] === '1' && !process.env['DATABASE_URL'];
const pgStock = {
  ...pg,
  name: 'pg-stock',
  include: ['packages/**/*.pg.test.ts'],
  exclude: [...pg.exclude, 'packages/embedded/**', '**/embedded.pg.test.ts', '**/bounded*.pg.test.ts'],
  globalSetup: ['test/testbed/src/stock-server/global-setup.ts'],
  sequence: { groupOrder: 2 },
};

// vitest keeps copies of modules in a temporary directory for each project, and leaves it behind when a signal stops
// it. These go below node_modules; whatever runs in vitest goes on using the directory of the system.
process.env['SYSTEM_TMPDIR'] ??= tmpdir(); // this file may be loaded twice
process.env['TMPDIR'] = fileURLToPath(new URL('node_modules/.cache/vitest', import.meta.url));
const restoreTemporaryDirectory: Plugin = {
  name: 'leftfold:restore-temporary-directory',
  configureVitest() {
    process.env['TMPDIR'] = process.env['SYSTEM_TMPDIR'];
  },
};

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['@leftfold/source', 'node'] } },
  // Where vitest loads the files of globalSetup.
  environments: { __vitest__: { resolve: { conditions } } },
  plugins: [restoreTemporaryDirectory],
  test: {
    maxWorkers: 3, // the Postgres tests wait for half of their time
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: matching('*.test.ts'),
          exclude: [...notOurs, '**/*.pg.test.ts', '**/*.broker.test.ts'],
          isolate: false, // these tests share nothing but code, and loading that anew for each file takes most of the time
        },
      },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: matching('*.test-d.ts'),
            exclude: notOurs,
            tsconfig: 'tsconfig.types.json',
          },
        },
      },
      { extends: true, test: { ...pg, name: 'pg', globalSetup } },
      // On brokers that the environment names, or at their standard ports where every service is required.
      { extends: true, test: { ...pg, name: 'brokers', include: matching('*.broker.test.ts'), globalSetup } },
      ...(onStockServer ? [{ extends: true as const, test: pgStock }] : []),
      {
        // One file at a time, after the others, on a server of its own: these tests assert when a commit becomes
        // visible, or restart the server.
        extends: true,
        test: {
          name: 'pg-serial',
          include: matching('*.serial.pg.test.ts'),
          exclude: notOurs,
          globalSetup,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          maxConcurrency: 2, // of tests that say that they may, such as the oracle's, which wait for half of their time
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'root',
          include: ['test/**/*.test.ts'],
          exclude: [...notOurs, 'test/testbed/**'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'docs',
          include: ['docs/**/*.test.ts'],
          exclude: [...notOurs, '**/*.pg.test.ts'],
          testTimeout: 120_000,
        },
      },
    ],
  },
});
