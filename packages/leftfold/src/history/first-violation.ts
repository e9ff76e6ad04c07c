import {
  type AnyAggregate,
  type AnyRow,
  type AnyTableProjection,
  type EventQuery,
  frozen,
  InvalidArgumentError,
  type RecordedEvent,
} from '@leftfold/core';
import {
  assertAggregate,
  assertGiven,
  assertGivenFunction,
  type OptionNames,
  reading,
} from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { assertReadLogOptions, type ReadLogOptions, readUpTo, rowChanges } from '@leftfold/projections';
import type { AggregateInvariant, LogInvariant, RowInvariant, Violation } from './app-history.ts';

type Check = (state: unknown, event: RecordedEvent) => boolean;

/** Any of the invariants, without its types. */
export type AnyInvariant = { readonly check: Check } & (
  | { readonly aggregate: AnyAggregate; readonly id: string }
  | { readonly projection: AnyTableProjection; readonly key: AnyRow }
  | AnyFold
);

interface AnyFold {
  readonly filter?: EventQuery | undefined;
  readonly initialState: unknown;
  readonly evolve: (state: unknown, event: RecordedEvent) => unknown;
}

const optionNames: OptionNames<ReadLogOptions> = { signal: true, onProgress: true };
const ofAggregate: OptionNames<AggregateInvariant<AnyAggregate>> = { aggregate: true, id: true, check: true };
const ofRow: OptionNames<RowInvariant<AnyTableProjection>> = { projection: true, key: true, check: true };
const ofLog: OptionNames<LogInvariant<RecordedEvent, string, unknown>> = {
  filter: true,
  initialState: true,
  evolve: true,
  check: true,
};

/** See `AppHistory.firstViolation`. */
export async function firstViolation(
  store: PostgresEventStore,
  invariant: AnyInvariant,
  options: ReadLogOptions = {},
): Promise<Violation<unknown> | undefined> {
  assertReadLogOptions(options, optionNames);
  assertGiven(
    'invariant',
    invariant,
    reading('invariant', () => namesOf(invariant)),
  );
  const { check } = invariant;
  assertGivenFunction('check', check);
  let checked = false;
  for await (const { event, before, after } of changesOf(store, invariant, options)) {
    checked = true;
    const holds: unknown = check(after, event);
    // A promise would count as true.
    if (typeof holds !== 'boolean')
      throw new InvalidArgumentError(
        'check',
        `must return true or false, and returned ${shownResult(holds)}`,
      );
    if (!holds) return { event, before, after };
  }
  if (!checked && 'aggregate' in invariant) throw noEventOf(invariant);
  return undefined;
}

function shownResult(result: unknown): string {
  if (typeof (result as PromiseLike<unknown> | null | undefined)?.then === 'function')
    return 'a promise; it must not be async';
  return result === null ? 'null' : `a value of type ${typeof result}`;
}

/** An aggregate that no event concerns is a wrong id: "it held" would hide that. A filter may find nothing. */
function noEventOf({ aggregate, id }: { readonly aggregate: AnyAggregate; readonly id: string }): Error {
  return new InvalidArgumentError(
    'id',
    `names stream "${aggregate.streamId(id)}", which has no settled event: nothing was checked; pass the id that commands of the aggregate take, which aggregateIdOf(streamId) returns`,
  );
}

function namesOf(invariant: AnyInvariant) {
  if (typeof invariant !== 'object' || invariant === null) return ofLog;
  if ('aggregate' in invariant) return ofAggregate;
  return 'projection' in invariant ? ofRow : ofLog;
}

async function* changesOf(
  store: PostgresEventStore,
  invariant: AnyInvariant,
  options: ReadLogOptions,
): AsyncGenerator<Violation<unknown>, void, undefined> {
  const { signal } = options;
  if ('projection' in invariant) {
    yield* rowChanges(store, invariant.projection, invariant.key, options);
    return;
  }
  const end = await store.highWaterMark();
  if ('aggregate' in invariant) {
    const { aggregate, id } = invariant;
    assertAggregate('aggregate', aggregate);
    const events = store.readStream(aggregate.streamId(id), { signal });
    yield* folded(readUpTo(end, events, options), aggregate);
    return;
  }
  assertGivenFunction('evolve', invariant.evolve);
  const events = store.readAll({ filter: invariant.filter, signal });
  yield* folded(readUpTo(end, events, options), invariant);
}

/** States are frozen: a fold that changes one in place would show the same state before and after an event. */
async function* folded(
  events: AsyncIterable<RecordedEvent>,
  { initialState, evolve }: Pick<AnyFold, 'initialState' | 'evolve'>,
): AsyncGenerator<Violation<unknown>, void, undefined> {
  let before = reading('initialState', () => frozen(initialState));
  for await (const event of events) {
    const after = frozen(evolve(before, event));
    yield { event, before, after };
    before = after;
  }
}
