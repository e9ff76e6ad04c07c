import type { AnyProjection } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { runnerInTransaction } from '@leftfold/postgres';
import type { LeaseTerm, SubscriptionDefinition, SubscriptionHandler } from '@leftfold/subscriptions';
import { HandlerApplier } from '../apply/handler-applier.ts';
import { TableApplier } from '../apply/table-applier.ts';
import { TableFold } from '../fold/table-fold.ts';
import { promoteToInline } from '../inline/promote-to-inline.ts';
import { copyRef } from '../rebuild/copy-ref.ts';
import { REBUILD } from '../rebuild/rebuild-failed.ts';
import { switchWhenCaughtUp } from '../rebuild/switch-when-caught-up.ts';
import { readCopies } from '../sql/copies.ts';
import { lockInlineProjections } from '../sql/inline.ts';
import type { ProjectionKey } from '../sql/inline.ts';
import { copySchema } from '../tables/projection-schema.ts';
import { declaredBy } from './declared.ts';
import { CACHED_ROWS } from './projection-runner-options.ts';
import type { ProjectionTables } from '../tables/projection-tables.ts';

export interface ProjectionSubscriptionOptions {
  readonly store: PostgresEventStore;
  readonly tables: ProjectionTables;
  /** Most rows that a table projection keeps in memory between batches. */
  readonly cachedRows: number;
}

/** The durable subscription that keeps a projection up to date. */
export function projectionSubscription(
  projection: AnyProjection,
  { store, tables, cachedRows }: ProjectionSubscriptionOptions,
): SubscriptionDefinition {
  const { name, version } = projection;
  const subscription: SubscriptionDefinition = {
    kind: 'projection',
    name,
    version,
    ...writerOf(projection, { store, cachedRows, tableSchema: tables.schema }),
    slices: projection.slices,
    prepare: () => tables.ensure(store),
    clear: (tx) => tables.recreate(tx),
    lockAppends: (tx) => lockInlineProjections(runnerInTransaction(tx), store.schema),
  };
  if (projection.mode === 'async') return subscription;
  return {
    ...subscription,
    promote: (term, position) => promoteToInline(store, projection, term, position),
  };
}

/** The durable subscription that writes the same rows into a copy of the projection's tables, when there is one. */
export function copySubscription(
  projection: AnyProjection,
  { store, cachedRows }: Omit<ProjectionSubscriptionOptions, 'tables'>,
): SubscriptionDefinition {
  const tableSchema = copySchema(store.schema, projection);
  const writer = writerOf(projection, { store, cachedRows, tableSchema });
  return {
    kind: REBUILD,
    ...copyRef(projection),
    ...writer,
    createHandler: async (term) => {
      const [copy] = await store.loops.following.during(() => readCopies(store, [projection]));
      const limit = copy?.events_per_second ?? undefined;
      const eventsPerSecond = limit === undefined ? undefined : limit / term.slices;
      return Object.assign(writer.createHandler(term), { eventsPerSecond, yields: true });
    },
    onDemand: true,
    beside: (term, signal) => switchWhenCaughtUp(store, projection, term, signal),
  };
}

/** What messages call the subscription of a replay. */
export const REPLAY = 'replay of projection';

export interface ReplaySubscriptionOptions {
  readonly store: PostgresEventStore;
  readonly ref: ProjectionKey;
  /** The schema of the replay's tables. */
  readonly tableSchema: string;
}

/** The durable subscription that writes the same rows into tables that only the calling process uses. */
export function replaySubscription(
  projection: AnyProjection,
  { store, ref, tableSchema }: ReplaySubscriptionOptions,
): SubscriptionDefinition {
  const writer = writerOf(projection, { store, cachedRows: CACHED_ROWS, tableSchema });
  return {
    kind: REPLAY,
    ...ref,
    ...writer,
    createHandler: (term) => Object.assign(writer.createHandler(term), { yields: true }),
    onDemand: true,
  };
}

/** How a projection's rows come to be, in whatever schema they are. */
function writerOf(
  projection: AnyProjection,
  {
    store,
    cachedRows,
    tableSchema,
  }: { readonly store: PostgresEventStore; readonly cachedRows: number; readonly tableSchema: string },
): Pick<SubscriptionDefinition, 'eventTypes' | 'declared' | 'code' | 'keysOf' | 'onFailure'> & {
  readonly createHandler: (term: LeaseTerm) => SubscriptionHandler;
} {
  return {
    ...declaredBy(projection),
    keysOf: keysOf(projection),
    onFailure: projection.onFailure,
    createHandler: (term) =>
      projection.kind === 'table'
        ? new TableApplier(projection, {
            store: { schema: store.schema, db: store.dbUntil(term.signal) },
            lease: term,
            tableSchema,
            cachedRows,
          })
        : new HandlerApplier(projection, { store, term, schema: tableSchema }),
  };
}

/** Rows of a table do not depend on each other. What handlers write may, so that they say what does. */
function keysOf(projection: AnyProjection): SubscriptionDefinition['keysOf'] {
  if (projection.kind === 'handlers') return (event) => [projection.keyOf(event)];
  const fold = new TableFold(projection);
  return (event) => fold.rowIdsOf(event);
}
