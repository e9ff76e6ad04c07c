import {
  type AnyProjection,
  ProjectionModeMismatchError,
  type RecordedEvent,
  SchemaNotMigratedError,
} from '@leftfold/core';
import type { InlineHook, PostgresEventStore } from '@leftfold/event-store';
import type { Transaction } from 'kysely';
import { isNotMigrated } from '../sql/error.ts';
import { inlineProjectionsOf } from '../sql/inline.ts';
import { type InlineApplier, inlineApplierOf } from './apply-inline.ts';

/** The hook of {@link inlineProjections}: says which ones it applies. */
export interface InlineProjections extends InlineHook {
  readonly schema: string;
  readonly projections: readonly AnyProjection[];
}

export interface InlineProjectionsOptions {
  /** The store's schema. @default 'leftfold' */
  readonly schema?: string | undefined;
}

/**
 * What an event store needs to apply inline projections in the transactions of its appends. Give every process that
 * appends to the log the same ones, and a runner to at least one process: it lets a new projection catch up first.
 *
 * Read models are in step with the log as soon as the append is acknowledged, and roll back with it. Two appends to
 * different streams may be applied in either order; each stream's events are applied in theirs. Appends that change
 * the same row wait for each other. An error of a projection fails the append and reaches its caller untouched.
 *
 * @param projections those of mode 'inline' are used, the others are left out.
 * @throws InvalidDefinitionError, InvalidNameError when a definition cannot become tables.
 */
export function inlineProjections(
  projections: readonly AnyProjection[],
  { schema = 'leftfold' }: InlineProjectionsOptions = {},
): InlineProjections {
  const inlineOnes = projections.filter(({ mode }) => mode === 'inline');
  const appliers = inlineOnes.map((projection) => ({
    applier: inlineApplierOf(projection, schema),
    types: new Set(projection.eventTypes),
  }));
  return {
    schema,
    projections: inlineOnes,
    eventTypes: new Set(appliers.flatMap(({ types }) => [...types])),
    async apply(transaction, events) {
      // The caller's own plugins, such as one that renames columns, are for the caller's own tables.
      const tx = transaction.withoutPlugins();
      const concerned = appliers
        .map(({ applier, types }) => ({ applier, events: events.filter(({ type }) => types.has(type)) }))
        .filter((one) => one.events.length > 0);
      const inline = await appliedByAppends(tx, schema, concerned);
      // One after the other: they share a connection, and lock rows in one order.
      for (const one of concerned) {
        if (inline.has(one.applier.projection.name)) await one.applier.apply(tx, one.events);
      }
    },
  };
}

/**
 * @throws ProjectionModeMismatchError when appends of this store would pass an inline projection over in silence, once it
 * is handed over to them.
 */
export function assertAppliedBy(
  { inline, schema }: PostgresEventStore,
  projections: readonly AnyProjection[],
): void {
  for (const { name, version, mode } of projections) {
    if (mode !== 'inline') continue;
    const hook =
      inline !== undefined && isInlineProjections(inline) && inline.schema === schema ? inline : undefined;
    if (hook?.projections.some((one) => one.name === name && one.version === version) === true) continue;
    throw new ProjectionModeMismatchError(
      name,
      `is inline, and appends of this store do not apply it: give createEventStore the option inline: inlineProjections(projections, { schema: '${schema}' })`,
    );
  }
}

function isInlineProjections(hook: InlineHook): hook is InlineProjections {
  return 'projections' in hook && 'schema' in hook;
}

interface Concerned {
  readonly applier: InlineApplier;
  readonly events: readonly RecordedEvent[];
}

/** Leaves out what a runner is still catching up with: it applies these events itself. */
async function appliedByAppends(
  tx: Transaction<unknown>,
  schema: string,
  concerned: readonly Concerned[],
): Promise<ReadonlySet<string>> {
  if (concerned.length === 0) return new Set();
  const projections = concerned.map(({ applier }) => applier.projection);
  try {
    return await inlineProjectionsOf(tx, schema, projections);
  } catch (cause) {
    if (!isNotMigrated(cause)) throw cause;
    throw new SchemaNotMigratedError(schema, {
      cause,
      fix: 'run migrate() of the projection runner first',
    });
  }
}
