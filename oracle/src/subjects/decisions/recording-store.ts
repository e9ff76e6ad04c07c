import {
  type AppendCondition,
  type AppendContext,
  type AppendOptions,
  type EventMetadata,
  type EventQuery,
  type EventStore,
  type JsonValue,
  LeftfoldError,
  type NewEvent,
  type StreamToAppend,
} from '@leftfold/core';
import type { PostgresAppendContext, PostgresEventStore } from '@leftfold/event-store';
import type { Journal } from '../../journal.ts';

/** What an append rested on, in the metadata of each of its events. */
export interface Basis {
  readonly condition: { readonly queries: readonly EventQuery[]; readonly after: number } | null;
  /** Expected versions, by stream. */
  readonly expected: Readonly<Record<string, number>>;
  /** Events of the whole append. */
  readonly of: number;
}

/** A condition that failed, as a line of a journal. */
export interface Refusal {
  readonly append: string;
  readonly queries: readonly EventQuery[];
  readonly after: number;
  /** As the error names them. */
  readonly matched: readonly number[];
  readonly position: number;
  readonly type: string;
  readonly streamId: string;
}

/** A store that records with each event what its append rested on, and in a journal each condition that failed. */
export class RecordingStore implements EventStore {
  readonly #store: PostgresEventStore;
  readonly #journal: Journal;

  constructor(store: PostgresEventStore, journal: Journal) {
    this.#store = store;
    this.#journal = journal;
  }

  get era(): number {
    return this.#store.era;
  }

  append(streamId: string, events: readonly NewEvent[], options: AppendOptions & PostgresAppendContext = {}) {
    const metadata = withBasis(options, [{ streamId, events, expectedVersion: options.expectedVersion }]);
    return this.#noting(options, this.#store.append(streamId, events, { ...options, metadata }));
  }

  appendToStreams(appends: readonly StreamToAppend[], options: PostgresAppendContext = {}) {
    const metadata = withBasis(options, appends);
    return this.#noting(options, this.#store.appendToStreams(appends, { ...options, metadata }));
  }

  readStream: EventStore['readStream'] = (streamId, options) => this.#store.readStream(streamId, options);
  readAll: EventStore['readAll'] = (options) => this.#store.readAll(options);
  readForDecision: EventStore['readForDecision'] = (queries, options) =>
    this.#store.readForDecision(queries, options);
  subscribe: EventStore['subscribe'] = (options) => this.#store.subscribe(options);
  highWaterMark: EventStore['highWaterMark'] = () => this.#store.highWaterMark();
  eventsOfCommand: EventStore['eventsOfCommand'] = (commandId) => this.#store.eventsOfCommand(commandId);

  async #noting<T>({ commandId = '', condition }: AppendContext, appended: Promise<T>): Promise<T> {
    try {
      return await appended;
    } catch (error) {
      if (LeftfoldError.is(error) && error.code === 'APPEND_CONDITION_FAILED') {
        const { position, type, streamId, queries: matched, after } = error;
        const queries = queriesOf(condition);
        const refusal: Refusal = { append: commandId, queries, after, matched, position, type, streamId };
        this.#journal.write('refused', JSON.stringify(refusal));
      }
      throw error;
    }
  }
}

function withBasis(
  { metadata, condition }: AppendContext,
  appends: readonly StreamToAppend[],
): EventMetadata {
  const basis: Basis = {
    condition:
      condition === undefined ? null : { queries: queriesOf(condition), after: condition.after ?? 0 },
    expected: Object.fromEntries(
      appends.flatMap(({ streamId, expectedVersion }) =>
        typeof expectedVersion === 'number' ? [[streamId, expectedVersion]] : [],
      ),
    ),
    of: appends.reduce((sum, { events }) => sum + events.length, 0),
  };
  // As JSON: the parts of a query that are undefined are left out.
  return { ...metadata, basis: JSON.parse(JSON.stringify(basis)) as JsonValue };
}

function queriesOf(condition: AppendCondition | undefined): readonly EventQuery[] {
  return [condition?.failIfMatch ?? []].flat();
}
