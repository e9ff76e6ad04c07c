import type { PostgresEventStore } from '@leftfold/event-store';
import { type PipelinedTransaction, runnerInTransaction } from '@leftfold/postgres';
import { advanceCheckpoint, type CheckpointStep } from '../sql/checkpoint.ts';
import { limitIdleTime } from '../sql/limit-idle-time.ts';

/**
 * Runs the work of a batch and moves the checkpoint, in one transaction. For the `write` of a handler whose writes are
 * statements of its own.
 *
 * A transaction in which nothing happens for as long as the lease lasts is ended by the server.
 *
 * @returns false when another process has the lease, or the checkpoint is not at `step.from`: everything was rolled
 * back then.
 * @throws what `work` throws, or what the database reports
 */
export async function writeInTransaction(
  store: PostgresEventStore,
  step: CheckpointStep,
  work: (transaction: PipelinedTransaction) => Promise<unknown>,
): Promise<boolean> {
  let thrown: { readonly cause: unknown } | undefined;
  const writeIn = async (transaction: PipelinedTransaction) => {
    const { tx } = transaction;
    await limitIdleTime(runnerInTransaction(tx), step.lease.leaseMs);
    await work(transaction);
    // Last, so that renewing the lease does not have to wait for the work.
    if (!(await advanceCheckpoint(tx, store.schema, step))) throw new Fenced();
  };
  try {
    await store.inTransaction((transaction) =>
      writeIn(transaction).catch((cause: unknown) => {
        thrown = { cause };
        throw cause;
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof Fenced) return false;
    // When the connection broke, rolling back fails as well: the first error says more.
    throw thrown === undefined ? error : thrown.cause;
  }
}

/** Rolls the transaction back. */
class Fenced extends Error {}
