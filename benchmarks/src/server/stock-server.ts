import { userInfo } from 'node:os';
import { UnavailableError, type Workload } from '../run/workload.ts';
import { type DatabaseServer, openServer } from './database-server.ts';
import { readDurableSettings } from './server-settings.ts';

/** The variables that allow a run to use a server with the settings of its package. */
type Environment = Readonly<Record<string, string | undefined>>;

/** The server of `DATABASE_URL`, or the one at the standard port when it is asked for. */
export async function openStockServer(env: Environment): Promise<DatabaseServer | undefined> {
  const url = stockUrl(env);
  if (url === undefined) return undefined;
  await readDurableSettings(url);
  return openServer(url);
}

function stockUrl({ DATABASE_URL, LEFTFOLD_REQUIRE_SERVICES }: Environment): string | undefined {
  if (DATABASE_URL !== undefined && DATABASE_URL !== '') return DATABASE_URL;
  if (LEFTFOLD_REQUIRE_SERVICES !== '1') return undefined;
  return `postgres://${encodeURIComponent(userInfo().username)}@127.0.0.1:5432/postgres`;
}

/** The same workload on the stock server: its settings are those of its package, such as JIT. */
export function onStockServer(workload: Workload): Workload {
  return {
    ...workload,
    setup(bench) {
      if (bench.stockServer !== undefined) return workload.setup({ ...bench, server: bench.stockServer });
      const reason =
        'skipped: set DATABASE_URL, or LEFTFOLD_REQUIRE_SERVICES=1 for the server at the standard port';
      return Promise.reject(new UnavailableError(reason));
    },
  };
}
