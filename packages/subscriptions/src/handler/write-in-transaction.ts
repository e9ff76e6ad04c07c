import type { PostgresEventStore } from '@leftfold/event-store';
import { StoreUnavailableError } from '@leftfold/core';
import { isIdleEnded, type PipelinedTransaction } from '@leftfold/postgres';
import { leaseTransaction } from '../lease/lease-transaction.ts';
import { advanceCheckpoint, type CheckpointStep } from '../sql/checkpoint.ts';

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
  const { leaseMs } = step.lease;
  const writeIn = async (transaction: PipelinedTransaction) => {
    const { tx } = transaction;
    await work(transaction);
    // Last, so that renewing the lease does not have to wait for the work.
    if (!(await advanceCheckpoint(tx, store.schema, step))) throw fenced;
  };
  const fenced = new Error('fenced');
  try {
    await store.inTransaction(writeIn, { ...leaseTransaction(store.schema, step.lease), idleMs: leaseMs });
    return true;
  } catch (error) {
    // Compared as it is: looking at what a handler threw can throw.
    if (error === fenced) return false;
    throw isIdleEnded(error) ? tooSlow(leaseMs, error) : error;
  }
}

function tooSlow(leaseMs: number, cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError(
    `the handler sent no statement for longer than the lease lasts (leaseMs: ${leaseMs}), so the server ended its transaction and undid it; do slow work outside of the transaction, or raise leaseMs`,
    { cause },
  );
}
