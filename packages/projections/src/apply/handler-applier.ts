import type { AnyHandlerProjection, RecordedEvent } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import {
  advanceCheckpoint,
  BatchFailure,
  type LeaseTerm,
  type PreparedBatch,
  type SubscriptionHandler,
  storedCountOf,
  type SubscriptionPage,
  writeInTransaction,
} from '@leftfold/subscriptions';
import type { KyselyPlugin } from 'kysely';
import { jsonbPlugin } from '../jsonb/jsonb-plugin.ts';

/** Runs the handlers of a general projection, a batch in one transaction. */
export class HandlerApplier implements SubscriptionHandler {
  readonly waitsForDatabaseOnly = true;
  readonly #projection: AnyHandlerProjection;
  readonly #store: PostgresEventStore;
  readonly #term: LeaseTerm;
  readonly #schema: string;
  readonly #plugin: KyselyPlugin;

  /** @param schema of the tables */
  constructor(
    projection: AnyHandlerProjection,
    {
      store,
      term,
      schema,
    }: { readonly store: PostgresEventStore; readonly term: LeaseTerm; readonly schema: string },
  ) {
    this.#projection = projection;
    this.#store = store;
    this.#term = term;
    this.#schema = schema;
    this.#plugin = jsonbPlugin([{ schema, projection }]);
  }

  async prepare(page: SubscriptionPage): Promise<PreparedBatch> {
    const { to, events } = page;
    return { to, eventCount: storedCountOf(events), grows: false, write: () => this.#write(page) };
  }

  async #write({ from, to, events }: SubscriptionPage): Promise<boolean> {
    const store = this.#store;
    const step = { lease: this.#term, from, to };
    let current: RecordedEvent | undefined;
    const onEvent = (event: RecordedEvent) => {
      current = event;
    };
    try {
      if (events.length === 0)
        return await advanceCheckpoint(store.dbUntil(this.#term.signal), store.schema, step);
      return await writeInTransaction(store, step, async ({ tx, send }) => {
        const tables = tx.withSchema(this.#schema).withPlugin(this.#plugin);
        await this.#projection.apply(tables, events, { onEvent, send });
        current = undefined;
      });
    } catch (error) {
      throw new BatchFailure(error, {
        eventCount: storedCountOf(events),
        firstEvent: events[0],
        failing:
          current === undefined ? undefined : { event: current, before: storedCountOf(events, current) },
      });
    }
  }
}
