import type {
  AppendContext,
  AppendOptions,
  EventStore,
  NewEvent,
  ReadStreamOptions,
  StreamToAppend,
} from '@leftfold/core';

type Method =
  | 'append'
  | 'appendToStreams'
  | 'readStream'
  | 'readForDecision'
  | 'lockForAppend'
  | 'eventsOfCommand';

/** A real store, whose calls are counted, and into whose way a test can put something. */
export class WatchedStore implements EventStore {
  readonly calls: Method[] = [];
  /** Runs before each append that goes to the database. */
  beforeAppend: () => Promise<void> = async () => {};
  /** Runs after each append that the database has answered: what it throws is what the caller gets. */
  afterAppend: () => Promise<void> = async () => {};
  /** The positions after which decisions were read: the lowest of their queries. */
  readonly decisionsFrom: number[] = [];
  /** How often the log has gone back, in the eyes of who uses this store. */
  eras = 0;
  readonly #store: EventStore;

  constructor(store: EventStore) {
    this.#store = store;
  }

  get era(): number {
    return this.#store.era + this.eras;
  }

  count(method: Method): number {
    return this.calls.filter((call) => call === method).length;
  }

  async append(streamId: string, events: readonly NewEvent[], options?: AppendOptions) {
    this.calls.push('append');
    await this.beforeAppend();
    const result = await this.#store.append(streamId, events, options);
    await this.afterAppend();
    return result;
  }

  async appendToStreams(appends: readonly StreamToAppend[], context?: AppendContext) {
    this.calls.push('appendToStreams');
    await this.beforeAppend();
    const result = await this.#store.appendToStreams(appends, context);
    await this.afterAppend();
    return result;
  }

  readStream(streamId: string, options?: ReadStreamOptions) {
    this.calls.push('readStream');
    return this.#store.readStream(streamId, options);
  }

  eventsOfCommand(commandId: string) {
    this.calls.push('eventsOfCommand');
    return this.#store.eventsOfCommand(commandId);
  }

  readForDecision: EventStore['readForDecision'] = async (queries, options) => {
    this.calls.push('readForDecision');
    this.decisionsFrom.push(Math.min(...[queries].flat().map(({ after = 0 }) => after)));
    const read = await this.#store.readForDecision(queries, options);
    return { ...read, era: read.era + this.eras };
  };
  /** Calls of the lock are not counted. Delete it for a store that has no locks. */
  lockForAppend?: NonNullable<EventStore['lockForAppend']> = async (appends, context) => {
    this.calls.push('lockForAppend');
    const lock = await this.#store.lockForAppend?.(appends, context);
    if (lock === undefined) throw new TypeError('the store has no locks');
    return lock;
  };
  readAll: EventStore['readAll'] = (options) => this.#store.readAll(options);
  subscribe: EventStore['subscribe'] = (options) => this.#store.subscribe(options);
  highWaterMark: EventStore['highWaterMark'] = () => this.#store.highWaterMark();
}
