import {
  type AnyProjection,
  assertSchemaName,
  ProjectionConstraintViolatedError,
  ProjectionModeMismatchError,
  type RecordedEvent,
  SchemaNotMigratedError,
} from '@leftfold/core';
import { assertEach, assertOptions, assertProjection, type OptionNames } from '@leftfold/core/input';
import type { InlineHook, PostgresEventStore } from '@leftfold/event-store';
import { isNotMigrated, runnerInTransaction, violatedConstraintOf } from '@leftfold/postgres';
import type { Transaction } from 'kysely';
import { definitionHashOf } from '../runner/declared.ts';
import { type DefinedProjection, findInlineProjections } from '../sql/inline.ts';
import { projectionSchema } from '../tables/projection-schema.ts';
import { type InlineApplier, inlineApplierOf } from './apply-inline.ts';

/** The hook of {@link inlineProjections}, with the projections that it applies. */
export interface InlineProjections extends InlineHook {
  readonly schema: string;
  readonly projections: readonly AnyProjection[];
}

export interface InlineProjectionsOptions {
  /** The store's schema. @default 'leftfold' */
  readonly schema?: string | undefined;
}

const optionNames: OptionNames<InlineProjectionsOptions> = { schema: true };

/**
 * Creates the hook with which an event store applies inline projections in the transactions of its appends.
 *
 * Give the same projections to every process that appends to the log, and run them in at least one process: its runner
 * lets a new projection catch up before appends apply it.
 *
 * A read model shows an event as soon as the append is acknowledged, and rolls back with it. Appends to different
 * streams may be applied in any order; the events of one stream are applied in their order. Appends that change the same
 * row wait for each other. An error of a projection fails the append and reaches its caller unchanged,
 * except that a violated constraint of its tables is a ProjectionConstraintViolatedError, without the values.
 *
 * @param projections those of mode 'inline' are used, others are ignored.
 * @throws InvalidArgumentError when an argument is none.
 * @throws InvalidDefinitionError, InvalidNameError when a definition cannot become tables.
 *
 * @example
 * ```ts
 * const projections = [balances, owners];
 * await using store = createEventStore({ connectionString, events, inline: inlineProjections(projections) });
 * await using runner = createProjectionRunner({ store, projections });
 * await runner.start();
 * await runner.whenCaughtUp(owners); // from now on each append applies it
 * ```
 */
export function inlineProjections(
  projections: readonly AnyProjection[],
  options: InlineProjectionsOptions = {},
): InlineProjections {
  assertEach('projections', projections, assertProjection);
  assertOptions('options', options, optionNames);
  const { schema = 'leftfold' } = options;
  assertSchemaName(schema);
  const inlineOnes = projections.filter(({ mode }) => mode === 'inline');
  const appliers = inlineOnes.map((projection) => ({
    applier: inlineApplierOf(projection, schema),
    types: new Set(projection.eventTypes),
    identity: { ...keyOf(projection), definitionHash: definitionHashOf(projection) },
  }));
  return {
    schema,
    applies: appliers.map(
      ({ identity: { name, version, definitionHash } }) => `${name}/${version}/${definitionHash}`,
    ),
    projections: inlineOnes,
    eventTypes: new Set(appliers.flatMap(({ types }) => [...types])),
    async apply(transaction, events) {
      // The caller's own plugins, such as one that renames columns, are for the caller's own tables.
      const tx = transaction.withoutPlugins();
      const concerned = appliers
        .map(({ types, ...one }) => ({ ...one, events: events.filter(({ type }) => types.has(type)) }))
        .filter((one) => one.events.length > 0);
      // One after the other: they use one connection, and lock rows in one order.
      for (const one of await appliedByAppends(tx, schema, concerned))
        await one.applier.apply(tx, one.events);
    },
    toError(error) {
      const violated = violatedConstraintOf(error);
      if (violated === undefined) return error;
      const projection = inlineOnes.find((one) => projectionSchema(schema, one) === violated.schema);
      return projection === undefined ? error : new ProjectionConstraintViolatedError(projection, violated);
    },
  };
}

/**
 * @throws ProjectionModeMismatchError when appends of this store would not apply a projection that is to become inline: its
 * read model would miss their events
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

const keyOf = ({ name, version }: AnyProjection) => ({ name, version });

function isInlineProjections(hook: InlineHook): hook is InlineProjections {
  return 'projections' in hook && 'schema' in hook;
}

interface Concerned {
  readonly applier: InlineApplier;
  readonly identity: DefinedProjection;
  readonly events: readonly RecordedEvent[];
}

/** Leaves out projections that a runner is still catching up with: it applies these events itself. */
async function appliedByAppends(
  tx: Transaction<unknown>,
  schema: string,
  concerned: readonly Concerned[],
): Promise<readonly Concerned[]> {
  if (concerned.length === 0) return [];
  const projections = concerned.map(({ identity }) => identity);
  try {
    const inline = await findInlineProjections(runnerInTransaction(tx), schema, projections);
    return concerned.filter((_, index) => inline.has(index));
  } catch (cause) {
    if (!isNotMigrated(cause)) throw cause;
    throw new SchemaNotMigratedError(schema, { cause, fix: 'run migrate() of the projection runner first' });
  }
}
