import {
  type AppendCondition,
  type AppendContext,
  type AppendLock,
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

/** A query of a condition, with the position after which no event may match it. */
export interface Excluded extends EventQuery {
  readonly after: number;
}

/** What an append rested on, in the metadata of each of its events. */
export interface Basis {
  readonly condition: readonly Excluded[] | null;
  /** Expected versions, by stream. */
  readonly expected: Readonly<Record<string, number>>;
  /** Events of the whole append. */
  readonly of: number;
}

/** A condition that failed, as a line of a journal. */
export interface Refusal {
  readonly append: string;
  readonly queries: readonly Excluded[];
  /** As the error names them. */
  readonly after: number;
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
    return this.#recordingIn(this.#store).append(streamId, events, options);
  }

  appendToStreams(appends: readonly StreamToAppend[], options: PostgresAppendContext = {}) {
    return this.#recordingIn(this.#store).appendToStreams(appends, options);
  }

  async lockForAppend(appends: readonly StreamToAppend[], context?: AppendContext): Promise<AppendLock> {
    const lock = await this.#store.lockForAppend(appends, context);
    return {
      ...this.#recordingIn(lock),
      readStream: (...given) => lock.readStream(...given),
      readForDecision: (...given) => lock.readForDecision(...given),
      [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose](),
    };
  }

  readStream: EventStore['readStream'] = (streamId, options) => this.#store.readStream(streamId, options);
  readAll: EventStore['readAll'] = (options) => this.#store.readAll(options);
  readForDecision: EventStore['readForDecision'] = (queries, options) =>
    this.#store.readForDecision(queries, options);
  subscribe: EventStore['subscribe'] = (options) => this.#store.subscribe(options);
  highWaterMark: EventStore['highWaterMark'] = () => this.#store.highWaterMark();
  eventsOfCommand: EventStore['eventsOfCommand'] = (commandId) => this.#store.eventsOfCommand(commandId);

  #recordingIn(to: Pick<PostgresEventStore, 'append' | 'appendToStreams'>): typeof to {
    return {
      append: (streamId, events, options?: AppendOptions & PostgresAppendContext) => {
        const metadata = withBasis(options, [
          { streamId, events, expectedVersion: options?.expectedVersion },
        ]);
        return this.#noting(options, to.append(streamId, events, { ...options, metadata }));
      },
      appendToStreams: (appends, options?: PostgresAppendContext) => {
        const metadata = withBasis(options, appends);
        return this.#noting(options, to.appendToStreams(appends, { ...options, metadata }));
      },
    };
  }

  async #noting<T>({ commandId = '', condition }: AppendContext = {}, appended: Promise<T>): Promise<T> {
    try {
      return await appended;
    } catch (error) {
      if (LeftfoldError.is(error) && error.code === 'APPEND_CONDITION_FAILED') {
        const { position, type, streamId, queries: matched, after } = error;
        const queries = excludedBy(condition);
        const refusal: Refusal = { append: commandId, queries, after, matched, position, type, streamId };
        this.#journal.write('refused', JSON.stringify(refusal));
      }
      throw error;
    }
  }
}

function withBasis(
  { metadata, condition }: AppendContext = {},
  appends: readonly StreamToAppend[],
): EventMetadata {
  const basis: Basis = {
    condition: condition === undefined ? null : excludedBy(condition),
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

function excludedBy({ failIfMatch = [], after = 0 }: Partial<AppendCondition> = {}): readonly Excluded[] {
  return [failIfMatch].flat().map((query) => ({ ...query, after: query.after ?? after }));
}
