import {
  type AnyEventGroup,
  defineEvents,
  type JsonValue,
  type NewEvent,
  type RecordedEvent,
  schemaVersions,
} from '@leftfold/core';
import { z } from 'zod';
import type { GuaranteeId } from './guarantee-id.ts';
import type { ContractStore, CreateStoreOptions } from './subject.ts';

/** The environment of one test: a store, and names that no other test uses. */
export interface Trial {
  /** A store with {@link parcelEvents}, shared by all trials of a run. */
  readonly store: ContractStore;
  /** Opens another store on the same log, as another process would. It has {@link parcelEvents} by default. */
  readonly openAnother: (events?: readonly AnyEventGroup[]) => Promise<ContractStore>;
  /** Opens a store on an empty log, and returns a function that opens further stores on it. */
  readonly openEmpty: () => Promise<Pick<Trial, 'store' | 'openAnother'>>;
  /** A category that no other trial uses. */
  readonly category: string;
  /** A stream of {@link category}. */
  readonly stream: (name?: string) => string;
  /** An event or command id that no other trial uses. */
  readonly id: (name: string) => string;
  /** Declares which guarantees the running test holds. */
  readonly guarantee: (...ids: readonly GuaranteeId[]) => void;
}

/** Tests one guarantee, and throws when it does not hold. */
export type Guarantee = (trial: Trial) => Promise<void>;

/** Of a named type: what `z.json()` infers has no name in zod 4.0, and the declarations of this package would refer to it. */
const anyJson: z.ZodType<JsonValue, JsonValue> = z.json();

export const parcelEvents = defineEvents('parcel', {
  sent: z.object({
    to: z.string(),
    grams: z.number(),
    note: z.string().nullable().optional(),
    extra: anyJson.optional(),
  }),
  scanned: z.object({ place: z.string() }),
  delivered: z.object({}),
});

export const sent = parcelEvents.create.sent({ to: 'Ada', grams: 250 });
export const delivered = parcelEvents.create.delivered({});

export function scanned(place: string): NewEvent {
  return parcelEvents.create.scanned({ place });
}

/** `count` events with different data. */
export function scans(count: number): readonly NewEvent[] {
  return Array.from({ length: count }, (_, index) => scanned(`place ${index + 1}`));
}

const letterV1 = z.object({ name: z.string() });
const letterV2 = z.object({ to: z.string(), stamp: z.string().default('none') });
const letterV3 = z.object({ to: z.string(), stamp: z.string(), grams: z.int().default(20) });

/** The event definitions of one category in the releases of an application. */
export const letterEvents = {
  first: defineEvents('letter', { sent: letterV1 }),
  second: defineEvents('letter', {
    sent: schemaVersions(letterV1).next(letterV2, ({ name }) => ({ to: name })),
  }),
  /** Reads what the second one writes, and still writes what the first one reads. */
  secondReader: defineEvents('letter', {
    sent: schemaVersions(letterV1)
      .written()
      .next(letterV2, ({ name }) => ({ to: name })),
  }),
  third: defineEvents('letter', {
    sent: schemaVersions(letterV1)
      .next(letterV2, ({ name }) => ({ to: name }))
      .next(letterV3, (data) => data),
  }),
};

/** Creates trials that share a log and use different names. */
export class Trials implements AsyncDisposable {
  readonly #createStore: (options: CreateStoreOptions) => Promise<ContractStore>;
  #opened: Promise<ContractStore>[] = [];
  #shared: Promise<ContractStore> | undefined;
  #count = 0;

  constructor(createStore: (options: CreateStoreOptions) => Promise<ContractStore>) {
    this.#createStore = createStore;
  }

  /** @param guarantee what the trial's `guarantee` does */
  async next(guarantee: Trial['guarantee']): Promise<Trial> {
    this.#count += 1;
    const number = this.#count;
    const log = 'contract';
    this.#shared ??= this.#createStore({ log, events: [parcelEvents] });
    const category = `trial${number}of`; // no category is a prefix of another one
    return {
      store: await this.#shared,
      openAnother: (events = [parcelEvents]) => this.#open({ log, events }),
      openEmpty: async () => {
        const own = `contract_${number}`;
        const openAnother = (events: readonly AnyEventGroup[] = [parcelEvents]) =>
          this.#open({ log: own, events });
        return { store: await openAnother(), openAnother };
      },
      category,
      stream: (name = 'a') => `${category}-${name}`,
      id: (name) => `${category}.${name}`,
      guarantee,
    };
  }

  /** Closes the stores that a trial opened. */
  async closeOpened(): Promise<void> {
    const opened = this.#opened;
    this.#opened = [];
    for (const store of opened) await (await store)[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeOpened();
    await (await this.#shared)?.[Symbol.asyncDispose]();
  }

  #open(options: CreateStoreOptions): Promise<ContractStore> {
    const store = this.#createStore(options);
    this.#opened.push(store);
    return store;
  }
}

/** Collects all items of a read. */
export async function collect<TItem>(items: AsyncIterable<TItem>): Promise<readonly TItem[]> {
  const collected: TItem[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** A short text with stream, version and id of an event, to compare long lists. */
export function placeOf({ streamId, streamVersion, id }: RecordedEvent): string {
  return `${streamId}@${streamVersion} ${id}`;
}

export function versionsOf(events: readonly RecordedEvent[]): readonly number[] {
  return events.map(({ streamVersion }) => streamVersion);
}

export function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
