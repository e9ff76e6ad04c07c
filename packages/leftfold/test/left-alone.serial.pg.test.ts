import { type EmbeddedPostgres, startPostgres } from '@leftfold/embedded';
import { account, balances } from '@leftfold/testbed/bank';
import { beginTransaction, type OpenTransaction } from '@leftfold/testbed/database';
import { ask, restartServer } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { createTestDatabase, until } from '@leftfold/testing/postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp } from '../src/index.ts';

let server: EmbeddedPostgres;
beforeAll(async () => {
  server = await startPostgres({ settings: { max_connections: '20' } });
});
afterAll(() => server.stop());

const admin = (statement: string) => ask(server.superuserConnectionString, statement);
/** Ends the sessions of a role or a database, as the next statement of an operator does. */
const cut = (where: string) =>
  admin(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity where pid <> pg_backend_pid() and ${where}`,
  );

interface Fault {
  /** Returns what ends it. */
  readonly begin: (database: string) => Promise<() => Promise<unknown>>;
  /** Codes of what a call fails with meanwhile. */
  readonly codes: readonly string[];
}

const faults: Readonly<Record<string, Fault>> = {
  'a database that is renamed away and back': {
    begin: async (name) => {
      await admin(`alter database "${name}" allow_connections false`);
      await cut(`datname = '${name}'`);
      await admin(`alter database "${name}" rename to elsewhere`);
      return async () => {
        await admin(`alter database elsewhere rename to "${name}"`);
        await admin(`alter database "${name}" allow_connections true`);
      };
    },
    codes: ['LOGIN_REFUSED'],
  },
  'a database that takes no connections': {
    begin: async (name) => {
      await admin(`alter database "${name}" allow_connections false`);
      await cut(`datname = '${name}'`);
      return () => admin(`alter database "${name}" allow_connections true`);
    },
    codes: ['STORE_UNAVAILABLE'],
  },
  'a role that may have no connection': {
    begin: async () => {
      await admin('alter role leftfold connection limit 0');
      await cut(`usename = 'leftfold'`);
      return () => admin('alter role leftfold connection limit -1');
    },
    codes: ['STORE_UNAVAILABLE'],
  },
  'a role that may not log in': {
    begin: async () => {
      await admin('alter role leftfold nologin');
      await cut(`usename = 'leftfold'`);
      return () => admin('alter role leftfold login');
    },
    codes: ['LOGIN_REFUSED'],
  },
  'a server whose connections are in use by others': {
    begin: async (name) => {
      await admin(`create role greedy login superuser password 'secret'`);
      const url = new URL(server.superuserConnectionString);
      url.username = 'greedy';
      url.password = 'secret';
      const others: OpenTransaction[] = [];
      const takeAll = async () => {
        for (;;) others.push(await beginTransaction(url.href));
      };
      await cut(`datname = '${name}'`);
      await failureOf(takeAll());
      // What the app has got back meanwhile is taken too.
      await others[0]!.client.query(
        `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '${name}'`,
      );
      await failureOf(takeAll());
      return async () => {
        await Promise.all(others.map((other) => other.rollback()));
        await until(() =>
          admin('drop role greedy').then(
            () => true,
            () => false,
          ),
        );
      };
    },
    codes: ['STORE_UNAVAILABLE'],
  },
};

function openApp(url: string) {
  const incidents: { readonly error: unknown; readonly stopped: boolean }[] = [];
  const app = createApp({
    database: { url },
    aggregates: [account],
    projections: [balances],
    subscriptions: { leaseMs: 500, onIncident: (incident) => incidents.push(incident) },
  });
  return app.then((opened) => ({ app: opened, incidents }));
}

/** Another program appends, and the rows are read past the app, which nobody calls. */
async function expectGoesOn(url: string, accounts: number): Promise<void> {
  const event = `[{"type": "account.deposited", "data": {"cents": 1}}]`;
  await ask(url, `select leftfold.append('account-${accounts}', '${event}')`);
  await until(
    async () => (await ask(url, 'select from leftfold__balances_v1.balances')).length === accounts,
    { message: 'the projection to go on by itself' },
  );
}

const superuserUrlOf = (connectionString: string) => {
  const url = new URL(server.superuserConnectionString);
  url.pathname = new URL(connectionString).pathname;
  return url.href;
};

test.for(Object.entries(faults))('an app that is left alone outlasts %s', async ([, { begin, codes }]) => {
  guarantee('outages');
  await using database = await createTestDatabase({ server: server.connectionString });
  const { connectionString } = database;
  const url = superuserUrlOf(connectionString);
  const { app, incidents } = await openApp(connectionString);
  await using _app = app;
  await expectGoesOn(url, 1);
  const end = await begin(new URL(connectionString).pathname.slice(1));
  try {
    const failure = await failureOf(app.status());
    expect(codes, String(failure)).toContain((failure as { code?: string } | undefined)?.code);
    await until(() => incidents.length > 3, { message: 'the runner to report it' });
  } finally {
    await end();
  }
  await expectGoesOn(url, 2);
  expect(await app.projections.status()).toMatchObject([
    { state: 'running', notAdvancing: undefined, failure: undefined },
  ]);
  expect(incidents.filter(({ stopped }) => stopped)).toEqual([]);
});

test('an app that is left alone outlasts restarts of the server', async () => {
  guarantee('outages');
  await using database = await createTestDatabase({ server: server.connectionString });
  const url = superuserUrlOf(database.connectionString);
  const { app, incidents } = await openApp(database.connectionString);
  await using _app = app;
  for (let round = 1; round <= 2; round += 1) {
    await restartServer(server);
    await expectGoesOn(url, round);
  }
  expect(incidents.filter(({ stopped }) => stopped)).toEqual([]);
});

test('an app goes on where the server ends its idle sessions', async () => {
  guarantee('outages');
  await using database = await createTestDatabase({ server: server.connectionString });
  const url = superuserUrlOf(database.connectionString);
  const { app, incidents } = await openApp(database.connectionString);
  await using _app = app;
  await admin(`alter role leftfold set idle_session_timeout = '100ms'`);
  await admin(`alter role leftfold set statement_timeout = '1s'`);
  try {
    await cut(`usename = 'leftfold'`);
    for (let round = 1; round <= 4; round += 1) await expectGoesOn(url, round);
  } finally {
    await admin('alter role leftfold reset all');
  }
  expect(incidents.filter(({ stopped }) => stopped)).toEqual([]);
});
