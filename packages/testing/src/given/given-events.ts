import {
  type AnyReaction,
  asStoredData,
  InvalidArgumentError,
  assertId,
  type Columns,
  type NewEvent,
  type RecordedEvent,
  type TableProjection,
} from '@leftfold/core';
import {
  assertEvent,
  assertGiven,
  assertInstant,
  assertEach,
  assertObject,
  assertOptions,
  assertProjection,
  assertReaction,
  holds,
  type OptionNames,
} from '@leftfold/core/input';
import { DEFAULT_NOW } from './decision-context.ts';
import { react, type Reacted, type ReactOptions } from './reacted.ts';
import { type ProjectedTable, projectTable } from './projected-table.ts';

/** An event with its stream or time, where a test needs others than the defaults. */
export interface PlacedEvent {
  readonly event: NewEvent;
  /** @default `<category of the event>-1` */
  readonly streamId?: string;
  readonly recordedAt?: Date;
}

/** An argument of {@link givenEvents}: an event, an event with its stream, or a list made by {@link inStream}. */
export type GivenEvent = NewEvent | PlacedEvent | readonly PlacedEvent[];

export interface GivenEventsOptions {
  /** Time of the first event. Each further event is a second later. @default 2000-01-01T00:00:00.000Z */
  readonly recordedAt?: Date;
}

/** Recorded events, in log order. */
export interface GivenEvents {
  readonly recorded: readonly RecordedEvent[];
  /**
   * Folds the events into the projection's rows, in memory, as its runner would.
   *
   * @throws InvalidArgumentError when it is a projection with handlers, which needs a database
   * @throws InvalidEventError when an event's data does not match the projection's definition
   * @throws TypeError when a handler returns a row that the table cannot store
   */
  project<TName extends string, TColumns extends Columns>(
    projection: TableProjection<TName, TColumns>,
  ): ProjectedTable<TColumns>;
  /**
   * Calls the reaction's handlers for the events that it reads, one after another. Its commands are collected, and not
   * executed; other effects are those of the functions that the test gives its handlers.
   *
   * @throws InvalidEventError when an event's data does not match the reaction's definition
   * @throws what a handler throws: in an app, the event is tried again
   */
  react(reaction: AnyReaction, options?: ReactOptions): Promise<Reacted>;
}

/**
 * Starts a test of a table projection or a reaction, without a database: the events that it reads.
 *
 * ```ts
 * givenEvents([opened, inStream('account-bob', opened, deposited)])
 *   .project(balances)
 *   .thenRows([{ account_id: 'account-1', … }, { account_id: 'account-bob', … }]);
 *
 * const reacted = await givenEvents([inStream('order-o-1', placed)]).react(confirmations);
 * reacted.thenCommands([order.command.confirm('o-1', {})]);
 * ```
 *
 * Positions and stream versions count from 1, in the order given. Events without an id get `event-<position>`.
 */
export function givenEvents(events: readonly GivenEvent[], options: GivenEventsOptions = {}): GivenEvents {
  assertOptions('options', options, optionNames);
  assertInstant('recordedAt', options.recordedAt);
  const placed = toPlaced(events);
  const start = (options.recordedAt ?? new Date(DEFAULT_NOW)).getTime();
  const versions = new Map<string, number>();
  const recorded = placed.map(({ event, streamId, recordedAt }, index): RecordedEvent => {
    const stream = streamId ?? `${event.type.split('.', 1)[0]}-1`;
    const streamVersion = (versions.get(stream) ?? 0) + 1;
    versions.set(stream, streamVersion);
    const position = index + 1;
    return {
      type: event.type,
      schemaVersion: event.schemaVersion,
      data: asStoredData(event.type, event.schemaVersion, event.data),
      id: event.id ?? `event-${position}`,
      streamId: stream,
      streamVersion,
      position,
      recordedAt: recordedAt ?? new Date(start + index * 1_000),
      metadata: asStoredData(`metadata of ${event.type}`, 1, event.metadata ?? {}),
      tags: event.tags ?? [],
    };
  });
  return {
    recorded,
    project(projection) {
      assertProjection('projection', projection);
      if (projection.kind !== 'table')
        throw new InvalidArgumentError(
          'projection',
          'has handlers, which send SQL, so it cannot be folded in memory; test it with a runner on a database of createTestDatabase(), or define it with defineTableProjection(...)',
        );
      return projectTable(projection, recorded);
    },
    async react(reaction, reactOptions = {}) {
      assertReaction('reaction', reaction);
      return react(reaction, recorded, reactOptions);
    },
  };
}

/** Assigns events to a stream: `inStream(account.streamId('bob'), opened, deposited)`. */
export function inStream(streamId: string, ...events: readonly NewEvent[]): readonly PlacedEvent[] {
  const placed = events.map((event) => ({ event, streamId }));
  placed.forEach(assertPlaced);
  return placed;
}

/** @throws InvalidArgumentError, InvalidNameError when it is no list, or one is no event */
export function toPlaced(given: readonly GivenEvent[]): readonly PlacedEvent[] {
  const placed: PlacedEvent[] = [];
  assertEach('events', given, (_, one) => placed.push(...placedIn(one as GivenEvent)));
  return placed;
}

function placedIn(given: GivenEvent): readonly PlacedEvent[] {
  if (!isList(given)) assertObject('an event', 'events', given, ['event']);
  const placed = isList(given) ? given : 'event' in given ? [given] : [{ event: given }];
  assertEach('events', placed, (_, one) => assertPlaced(one as PlacedEvent));
  return placed;
}

const optionNames: OptionNames<GivenEventsOptions> = { recordedAt: true };
const placedNames: OptionNames<PlacedEvent> = { event: true, streamId: true, recordedAt: true };

function assertPlaced(placed: PlacedEvent): void {
  assertGiven('events', placed, placedNames);
  assertEvent('events', placed.event);
  if (placed.streamId !== undefined) assertId('stream id', placed.streamId);
  assertInstant('recordedAt', placed.recordedAt);
}

function isList(given: GivenEvent): given is readonly PlacedEvent[] {
  return holds(() => Array.isArray(given));
}
