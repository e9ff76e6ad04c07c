import type { AnyHandlerProjection, RecordedEvent } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { PipelinedTransaction } from '@leftfold/postgres';
import { advanceCheckpoint, limitIdleTime } from '../sql/advance-checkpoint.ts';
import type { HeldLease } from '../sql/leases.ts';
import { projectionSchema } from '../tables/projection-schema.ts';
import { type BatchApplier, BatchFailure, type PageToApply, type PreparedBatch } from './batch.ts';

export interface HandlerApplierOptions {
  readonly store: PostgresEventStore;
  readonly leaseMs: number;
}

/** Runs a general projection's handlers, a batch in one transaction. */
export class HandlerApplier implements BatchApplier {
  readonly #projection: AnyHandlerProjection;
  readonly #options: HandlerApplierOptions;
  readonly #schema: string;

  constructor(projection: AnyHandlerProjection, options: HandlerApplierOptions) {
    this.#projection = projection;
    this.#options = options;
    this.#schema = projectionSchema(options.store.schema, projection);
  }

  async prepare(page: PageToApply): Promise<PreparedBatch> {
    const { to, events } = page;
    return { to, eventCount: events.length, grows: false, write: (lease) => this.#write(page, lease) };
  }

  forget(): void {}

  async #write({ from, to, events }: PageToApply, lease: HeldLease): Promise<boolean> {
    const { store, leaseMs } = this.#options;
    const advance = { lease, leaseMs, from, to };
    let current: RecordedEvent | undefined;
    let thrown: { readonly cause: unknown } | undefined;
    const onEvent = (event: RecordedEvent) => {
      current = event;
    };
    const applyIn = async ({ tx, send }: PipelinedTransaction) => {
      await limitIdleTime(tx, leaseMs);
      await this.#projection.apply(tx.withSchema(this.#schema), events, { onEvent, send });
      current = undefined;
      // Last, so that renewing the lease does not have to wait for the handlers.
      if (!(await advanceCheckpoint(tx, store.schema, advance))) throw new Fenced();
    };
    try {
      if (events.length === 0) return await advanceCheckpoint(store.db, store.schema, advance);
      await store.inTransaction((transaction) =>
        applyIn(transaction).catch((cause: unknown) => {
          thrown = { cause };
          throw cause;
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof Fenced) return false;
      // When the connection broke, rolling back fails as well: what the handler threw says more.
      throw new BatchFailure(thrown === undefined ? error : thrown.cause, {
        eventCount: events.length,
        firstEvent: events[0],
        failing: current === undefined ? undefined : { event: current, before: events.indexOf(current) },
      });
    }
  }
}

/** Rolls the transaction back. */
class Fenced extends Error {}
