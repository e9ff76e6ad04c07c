import { StoreUnavailableError } from '@leftfold/core';
import type pg from 'pg';
import { isConnectionFailure } from '../errors/questions.ts';
import { pause } from '../pause/pause.ts';
import { clientBeside } from '../pool/client-beside.ts';
import { runnerOn } from '../statement/statement-runner.ts';
import type { Statement } from '../statement/statement.ts';

/** Questions in a row that found the session not at work: between two statements it is idle for a moment. */
const QUESTIONS = 2;

export interface Watch {
  readonly pool: pg.Pool;
  /** Process id of the session that works. */
  readonly pid: number;
  /** Milliseconds between two questions, and for each answer. */
  readonly answerMs: number;
}

/**
 * Waits for statements that may take as long as they need. Every `answerMs` a connection of its own asks whether the
 * server works on them: when the network has lost them or their answer, nothing else would end the wait. The session is
 * ended then, since its locks would keep others waiting.
 *
 * @throws StoreUnavailableError when the server did not work on them, or did not answer either
 */
export async function whileAtWork<TResult>(watch: Watch, work: () => Promise<TResult>): Promise<TResult> {
  const ended = new AbortController();
  const working = work().finally(() => ended.abort());
  return await Promise.race([working, failWhenSilent(watch, ended.signal)]);
}

/** Never resolves. */
async function failWhenSilent(watch: Watch, ended: AbortSignal): Promise<never> {
  for (let idle = 0; idle < QUESTIONS && !ended.aborted; ) {
    await pause(watch.answerMs, ended);
    if (ended.aborted) break;
    idle = (await isAtWork(watch, idle + 1 === QUESTIONS)) ? 0 : idle + 1;
  }
  if (ended.aborted) return new Promise(() => {});
  throw new StoreUnavailableError(
    `the database does not work on a statement that was sent to it, and its answer did not arrive (backend ${watch.pid}); check the network`,
  );
}

/** @returns true, too, when the server answers that it cannot tell */
async function isAtWork({ pool, pid, answerMs }: Watch, endsIdle: boolean): Promise<boolean> {
  const client = clientBeside(pool, {
    application_name: 'leftfold watch',
    connectionTimeoutMillis: answerMs,
  });
  client.on('error', () => {}); // the statement fails
  try {
    await client.connect();
    const run = runnerOn(client, { prepare: false, answerMs });
    const [row] = await run<{ at_work: boolean }>(sessionState(pid, endsIdle));
    return row?.at_work === true;
  } catch (error) {
    return !isConnectionFailure(error);
  } finally {
    client.connection.stream.destroy();
  }
}

/** SQL: one SELECT; takes no locks. The state of a session of another role is null. */
function sessionState(pid: number, endsIdle: boolean): Statement {
  return {
    name: undefined,
    text: `select session.at_work or $2 and not pg_terminate_backend($1) as at_work
             from (select coalesce(activity.state, 'active') in ('active', 'fastpath function call') as at_work
                     from pg_stat_activity as activity
                    where activity.pid = $1) as session`,
    values: [pid, endsIdle],
  };
}
