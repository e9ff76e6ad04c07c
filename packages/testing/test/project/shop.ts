import type { Preparation } from '../../src/postgres/index.ts';
import { report } from './report.ts';

export const shop: Preparation = {
  name: 'shop',
  run: async (connectionString) => report(`prepared ${new URL(connectionString).pathname.slice(1)}`),
};
