import type { StatementRunner } from '@leftfold/postgres';

/**
 * Ends the transaction when it is idle for longer than a lease: a process that is paused inside a batch must not hold
 * its row locks for longer.
 *
 * SQL: one SELECT; the setting ends with the transaction.
 */
export async function limitIdleTime(run: StatementRunner, leaseMs: number): Promise<void> {
  await run({
    name: undefined,
    text: `select set_config('idle_in_transaction_session_timeout', $1, true)`,
    values: [String(leaseMs)],
  });
}
