import { untilBlocked } from '@leftfold/testing/postgres';
import pg from 'pg';

const KEY = 7_214;
const functions = `
  create or replace function leftfold.pause_here() returns bigint language plpgsql volatile as $$
  begin
    perform pg_advisory_lock_shared(${KEY});
    perform pg_advisory_unlock_shared(${KEY});
    return 0;
  end
  $$`;

/** A function of the store that stops at a place within, so that a race happens where it hurts most. */
export interface Pause extends AsyncDisposable {
  /** Resolves when a session has got there. */
  reached(): Promise<void>;
  /** Lets it go on. Whoever comes after passes through. */
  resume(): Promise<void>;
}

/**
 * Puts a stop into a function of the log, by rewriting it in this one database.
 *
 * @param before the place: text that the function has once. It is a number's expression, or the beginning of a
 * plpgsql statement, which are told apart by the two spaces that statements begin with.
 */
export async function pauseBefore(connectionString: string, name: string, before: RegExp): Promise<Pause> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => {}); // its database is dropped when a test fails in the middle
  await client.connect();
  const { rows } = await client.query<{ source: string }>(
    'select pg_get_functiondef($1::regproc) as source',
    [`leftfold.${name}`],
  );
  const source = rows[0]!.source;
  const found = source.match(new RegExp(before, 'gm'));
  if (found?.length !== 1) throw new Error(`${name} has ${found?.length ?? 0} places like ${before}`);
  const stop = (place: string) =>
    place.startsWith('  ') ? `perform leftfold.pause_here();\n${place}` : `leftfold.pause_here() + ${place}`;
  await client.query(functions);
  await client.query(source.replace(before, stop));
  await client.query('select pg_advisory_lock($1)', [KEY]);
  return {
    reached: () => untilBlocked(connectionString),
    resume: async () => {
      await client.query('select pg_advisory_unlock($1)', [KEY]);
    },
    [Symbol.asyncDispose]: async () => {
      await client.query('select pg_advisory_unlock_all()');
      await client.query(source);
      await client.end();
    },
  };
}
