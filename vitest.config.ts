import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { defaultServerConditions, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// Workspace packages resolve to their sources, so that no test needs a build. Never add "import" or "module" to
// ssr.resolve.externalConditions: `pg` then loads twice and breaks.
const conditions = ['@leftfold/source', ...defaultServerConditions];
const resolve = { conditions };
const ssr = { resolve: { conditions, externalConditions: ['@leftfold/source', 'node'] } };

const everywhere = ['packages', 'examples', 'benchmarks', 'docs'];
const matching = (pattern: string) => everywhere.map((folder) => `${folder}/**/${pattern}`);
const notOurs = ['**/node_modules/**', '**/dist/**'];

// Starts one Postgres for the project and provides its admin connection string as `leftfoldPostgres`.
const globalSetup = ['packages/testing/src/vitest/global-setup.ts'];

/** Removes vitest's temporary directories when a signal stops it; by itself it would leave them behind. */
const removeTemporaryDirectories: Plugin = {
  name: 'leftfold:remove-temporary-directories',
  configureVitest({ vitest }) {
    const { SIGHUP, SIGINT, SIGTERM } = constants.signals;
    for (const [signal, number] of Object.entries({ SIGHUP, SIGINT, SIGTERM })) {
      process.once(signal, () => {
        for (const { tmpDir } of vitest.projects)
          rmSync(tmpDir, { recursive: true, force: true, maxRetries: 9, retryDelay: 20 });
        process.exit(128 + number);
      });
    }
  },
};

export default defineConfig({
  plugins: [removeTemporaryDirectories],
  test: {
    maxWorkers: 2,
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          include: matching('*.test.ts'),
          exclude: [...notOurs, '**/*.pg.test.ts'],
        },
      },
      {
        resolve,
        ssr,
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
      {
        resolve,
        ssr,
        test: {
          name: 'pg',
          include: matching('*.pg.test.ts'),
          exclude: [...notOurs, '**/*.serial.pg.test.ts'],
          globalSetup,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        // One file at a time, after the others, on a server of its own: these tests assert when a commit becomes
        // visible, or restart the server.
        resolve,
        ssr,
        test: {
          name: 'pg-serial',
          include: matching('*.serial.pg.test.ts'),
          exclude: notOurs,
          globalSetup,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        resolve,
        ssr,
        test: { name: 'root', include: ['test/**/*.test.ts'], testTimeout: 30_000 },
      },
    ],
  },
});
