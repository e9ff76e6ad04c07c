import { fileURLToPath } from 'node:url';
import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

// A minimal user project, run by global-setup.pg.test.ts.
const conditions = ['@leftfold/source', ...defaultServerConditions];

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['@leftfold/source', 'node'] } },
  environments: { __vitest__: { resolve: { conditions } } },
  test: { include: ['*.check.ts'], globalSetup: ['../../src/vitest/global-setup.ts'] },
});
