import { untilBlocked } from '@leftfold/testing/postgres';
import pg from 'pg';

const KEY = 7_214;
// An append that waits for a lock gives up after a moment; one that is paused does not.
const functions = `
  create or replace function leftfold.pause_here() returns bigint language plpgsql volatile set lock_timeout = 0 as $$
  begin
    perform pg_advisory_lock_shared(${KEY});
    perform pg_advisory_unlock_shared(${KEY});
    return 0;
  end
  $$`;

/** A function of the log that stops inside, so that a race happens at the worst moment. */
export interface FunctionPause extends AsyncDisposable {
  /** Resolves when a session has arrived there. */
  reached(): Promise<void>;
  /** Lets that session go on. Later calls of the function do not stop. */
  resume(): Promise<void>;
}

/**
 * Puts a stop into a function of the log, by rewriting it in this one database. Disposing of it brings the function
 * back.
 *
 * @param before the place: the number of a statement of the function, from 1, or a pattern that its source matches
 * once, at an expression that is a number.
 */
export async function pauseFunction(
  connectionString: string,
  name: string,
  before: number | RegExp,
): Promise<FunctionPause> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => {}); // its database is dropped when a test fails in the middle
  await client.connect();
  const { rows } = await client.query<{ source: string }>(
    'select pg_get_functiondef($1::regproc) as source',
    [`leftfold.${name}`],
  );
  const source = rows[0]?.source ?? '';
  // Statements are indented by two spaces, and what belongs to a statement by more.
  const places = [
    ...source.matchAll(before instanceof RegExp ? new RegExp(before, 'g') : /^ {2}(?=select|perform|with)/gm),
  ];
  const place = before instanceof RegExp ? places[0] : places[before - 1];
  if (place === undefined || (before instanceof RegExp && places.length > 1)) {
    throw new Error(`${name} has ${places.length} places like ${String(before)}`);
  }
  const stop = before instanceof RegExp ? 'leftfold.pause_here() + ' : '  perform leftfold.pause_here();\n';
  await client.query(functions);
  await client.query(`${source.slice(0, place.index)}${stop}${source.slice(place.index)}`);
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
