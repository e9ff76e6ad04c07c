import { callbackify } from 'node:util';
import type pg from 'pg';
import { NOT_CONNECTED } from '../errors/connection-table.ts';
import { thrownText } from '@leftfold/core/input';
import { TIMED_OUT } from '../errors/no-answer.ts';
import { within } from '../pause/within.ts';

/**
 * Settings of a role, a database or a pooler that would change how values are read and written, with the values that
 * the framework relies on: the defaults of PostgreSQL.
 */
const settings = {
  client_encoding: 'UTF8',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  // With a lower value a double precision is rounded when it is read.
  extra_float_digits: '1',
  bytea_output: 'hex',
  // When off, NULL in the text of an array is a text.
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  // When on, format_type gives types that are compared with names in another spelling.
  quote_all_identifiers: 'off',
  // With a limit, a search of a GIN index leaves out rows at random.
  gin_fuzzy_search_limit: '0',
};

/**
 * How often the server looks whether the client of a statement is still there, in milliseconds. A statement that waits for a
 * lock would otherwise wait for a client that has gone, and keep the locks that it has.
 */
const CLIENT_CHECK_MS = 2_000;

/** Expressions that set them: until the end of the transaction, or of the session. */
export function settingsList(until: 'transaction' | 'session'): string {
  const set = (name: string, value: string) =>
    `pg_catalog.set_config('${name}', '${value}', ${String(until === 'transaction')})`;
  const pinned = Object.entries(settings).map(([name, value]) => set(name, value));
  // Not every operating system tells a server that.
  const checking = `case when pg_catalog.textlike(pg_catalog.version(), '%linux%') then ${set('client_connection_check_interval', `${CLIENT_CHECK_MS}`)} end`;
  return [...pinned, checking].join(', ');
}

const sessionText = `select ${settingsList('session')}`;
/** Default of {@link pg.PoolConfig.connectionTimeoutMillis} on the framework's pools. */
export const CONNECT_TIMEOUT_MS = 10_000;
const pools = new WeakSet<pg.Pool>();

/**
 * Sets them on each new connection of the pool: one round trip for each connection. What the pool's owner sets in
 * `onConnect`, or on the pool's event `connect`, is sent before and has no effect on these settings.
 *
 * The pool waits for `onConnect`, `verify` and these settings without a limit: one that does not end would keep its
 * place, and every call that gets it. So each of them has the pool's limit for a login.
 *
 * A pooler in transaction mode may give a later statement the session of another client. PgBouncer keeps the date style
 * and the quoting of strings for each client; the framework's own transactions set all of them again.
 */
export function pinSettings(pool: pg.Pool): void {
  if (pools.has(pool)) return;
  pools.add(pool);
  const { options } = pool;
  const { verify, onConnect } = options;
  const limitMs = connectLimitOf(pool);
  if (onConnect !== undefined) {
    const connected = async (client: pg.ClientBase) => onConnect.call(options, client);
    const limited = (client: pg.ClientBase) =>
      within(connected(client), { limitMs, late: () => notSetUp('onConnect', limitMs) });
    // pg's types have it return nothing; the pool waits for a promise.
    Object.assign(options, { onConnect: limited });
  }
  // callbackify: what the pool throws in the callback is no error of the set-up.
  const setUp = callbackify(async (client: pg.PoolClient) => {
    const verified = verifiedBy(verify, client);
    await within(verified, { limitMs, late: () => notSetUp('verify', limitMs) });
    await setOn(client, limitMs);
  });
  // The pool waits for it after its event `connect`, and before a caller gets the connection.
  options.verify = (client, done) => {
    // The pool has taken its own listener off: without one, a connection that breaks now would end the process.
    client.on('error', ignore);
    setUp(client, (error) => {
      done(error ?? undefined);
      if (!error) client.removeListener('error', ignore); // whoever got the connection listens now
    });
  };
}

/** How long the pool waits for a login, and for a connection that becomes free, in milliseconds. */
export function connectLimitOf({ options }: pg.Pool): number {
  return options.connectionTimeoutMillis || CONNECT_TIMEOUT_MS;
}

/** What the caller's `verify` says, also when it throws. */
function verifiedBy(verify: pg.PoolConfig['verify'], client: pg.PoolClient): Promise<void> {
  return new Promise((resolve, reject) => {
    if (verify === undefined) resolve();
    else verify(client, (error) => (error ? reject(error) : resolve()));
  });
}

const ignore = () => {};

async function setOn(client: pg.ClientBase, answerMs: number): Promise<void> {
  try {
    // pg's types lack `query_timeout`.
    await client.query(Object.assign({ text: sessionText }, { query_timeout: answerMs }));
  } catch (error) {
    throw thrownText(error) === TIMED_OUT ? silentAfterLogin(answerMs, error) : error;
  }
}

function silentAfterLogin(answerMs: number, cause: unknown): Error {
  const message = `the database accepted a connection and then gave no answer for ${answerMs} ms; nothing was sent, check the network`;
  return Object.assign(new Error(message, { cause }), { code: NOT_CONNECTED });
}

function notSetUp(option: 'onConnect' | 'verify', limitMs: number): never {
  const message = `${option} of the pool did not end within ${limitMs} ms (connectionTimeoutMillis); nothing was sent, check what it waits for`;
  throw Object.assign(new Error(message), { code: NOT_CONNECTED });
}
