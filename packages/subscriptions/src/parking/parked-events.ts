import { InvalidArgumentError, type RecordedEvent, SubscriptionNotFoundError } from '@leftfold/core';
import {
  assertEach,
  assertGiven,
  assertOptions,
  assertGivenText,
  assertWhole,
  type OptionNames,
} from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { toLeftfoldError } from '@leftfold/postgres';
import {
  type GivenUp,
  isKeyParked,
  listGivenUp,
  listParkedKeys,
  type ParkedKey,
} from '../sql/list-parked.ts';
import { giveUpParkedEvents, readParkedPositions, resumeParkedKeys } from '../sql/parked.ts';
import { readCheckpoints } from '../sql/subscriptions.ts';
import { identityOf, type Subscription } from '../subscription/subscription-definition.ts';
import { storedKey } from './keys-of.ts';
import { readEventsAt } from './read-events-at.ts';

/** Longest page of a list. */
const MAX_LIMIT = 1_000;

/** Most keys that an error names. */
const MAX_NAMED = 5;

/** A page of parked keys. */
export interface ParkedListOptions {
  /** Only keys after this one, by code point: the last key of the page before. @default from the first one */
  readonly after?: string | undefined;
  /** 1 to 1000. @default 100 */
  readonly limit?: number | undefined;
}

/** A page of the events of a key, or of what was given up. */
export interface ParkedPageOptions {
  /** Only those after this position, or this id. @default 0 */
  readonly after?: number | undefined;
  /** 1 to 1000. @default 100 */
  readonly limit?: number | undefined;
}

/** Who gives events up, and why. */
export interface GiveUpOptions {
  /** Kept with the record: 1 to 2000 characters. */
  readonly reason: string;
  /** Kept with the record: 1 to 255 characters. */
  readonly by: string;
  /** The last position that is given up; what is left of the key is resumed. @default all of its events */
  readonly upTo?: number | undefined;
}

const listNames: OptionNames<ParkedListOptions> = { after: true, limit: true };
const pageNames: OptionNames<ParkedPageOptions> = { after: true, limit: true };
const giveUpNames: OptionNames<GiveUpOptions> = { reason: true, by: true, upTo: true };

/** Lists parked keys, resumes them, and gives events up. Any process may do so, whichever one leads the subscription. */
export class ParkedEvents<TRef> {
  readonly #store: PostgresEventStore;
  /** Of a method, so that this class is bivariant as its methods are. */
  readonly #find: { find(ref: TRef): Subscription }['find'];
  readonly #onGivenUp: { givenUp(ref: TRef, key: string): Promise<void> }['givenUp'] | undefined;

  /**
   * @param find throws SubscriptionNotFoundError, and ClosedError when the runner is stopped
   * @param onGivenUp called when events of a key were given up. @default nothing
   */
  constructor(
    store: PostgresEventStore,
    find: (ref: TRef) => Subscription,
    onGivenUp?: (ref: TRef, key: string) => Promise<void>,
  ) {
    this.#store = store;
    this.#find = find;
    this.#onGivenUp = onGivenUp;
  }

  /**
   * A page of the parked keys, in their order by code point.
   *
   * @throws SubscriptionNotFoundError, InvalidArgumentError, StoreUnavailableError
   */
  async list(ref: TRef, options: ParkedListOptions = {}): Promise<readonly ParkedKey[]> {
    assertOptions('options', options, listNames);
    const { after, limit = 100 } = options;
    if (after !== undefined) assertGivenText('after', after);
    assertLimit(limit);
    const { ref: found } = this.#find(ref);
    const page = { after: after === undefined ? undefined : storedKey(after), limit };
    return this.#ask(() => listParkedKeys(this.#store, found, page));
  }

  /**
   * A page of the events of a parked key, as they are read now: through the upcasts of this process. Empty for a key that
   * is not parked.
   *
   * @throws UnknownEventError, InvalidEventError for an event that this process cannot read, and like {@link list}
   */
  async events(ref: TRef, key: string, options: ParkedPageOptions = {}): Promise<readonly RecordedEvent[]> {
    assertKey('key', key);
    const { after, limit } = toPage(options);
    const subscription = this.#find(ref);
    return this.#ask(async () => {
      const of = { key: storedKey(key), after, limit };
      const positions = await readParkedPositions(this.#store, subscription.ref, of);
      return readEventsAt(this.#store, subscription.definition.eventTypes, positions);
    });
  }

  /** @internal Whether a key is parked until it is resumed or given up. @throws like {@link list} */
  async isParked(ref: TRef, key: string): Promise<boolean> {
    const { ref: found } = this.#find(ref);
    return this.#ask(() => isKeyParked(this.#store, found, storedKey(key)));
  }

  /**
   * Asks the process that leads the subscription to process the events of parked keys, each key in its order. Then later
   * events of the key are processed as they come. If an event fails again, the key is parked again, with what is left.
   *
   * When no process leads the subscription, the next one does it. Returns at once.
   *
   * @param keys one or several
   * @returns the number of those that are parked
   * @throws InvalidArgumentError when none of them is parked, perhaps not any more; and like {@link list}
   */
  async resume(ref: TRef, keys: string | readonly string[]): Promise<number> {
    const wanted = typeof keys === 'string' ? [keys] : keys;
    assertEach('keys', wanted, assertKey);
    const subscription = this.#find(ref);
    return this.#ask(async () => {
      const resumed = await resumeParkedKeys(this.#store, subscription.ref, wanted.map(storedKey));
      if (resumed === 0 && wanted.length > 0) throw await this.#notParked('keys', subscription);
      return resumed;
    });
  }

  /** The same for all parked keys: 0 when there are none. */
  async resumeAll(ref: TRef): Promise<number> {
    const { ref: found } = this.#find(ref);
    return this.#ask(() => resumeParkedKeys(this.#store, found, undefined));
  }

  /**
   * Gives up events of a parked key: they are never processed, unless the subscription is reset. A record is kept. What
   * is left of the key is resumed.
   *
   * @returns the number of events that were given up
   * @throws InvalidArgumentError when the key is not parked, perhaps not any more; and like {@link list}
   *
   * @example
   * ```ts
   * await app.projections.parked.giveUp(balances, 'account-1', { upTo: 4_711, by: 'ada', reason: 'a test account' });
   * ```
   */
  async giveUp(ref: TRef, key: string, options: GiveUpOptions): Promise<number> {
    assertKey('key', key);
    assertGiven('options', options, giveUpNames);
    const { reason, by, upTo } = options;
    assertLength('reason', reason, 2_000);
    assertLength('by', by, 255);
    if (upTo !== undefined) assertWhole('upTo', upTo, { least: 1 });
    const subscription = this.#find(ref);
    return this.#ask(async () => {
      const [found] = await readCheckpoints(this.#store, [subscription.ref]);
      if (found === undefined) throw new SubscriptionNotFoundError(identityOf(subscription));
      const givingUp = { key: storedKey(key), upTo, reason, by };
      const events = await giveUpParkedEvents(this.#store, subscription.ref, givingUp);
      if (events === undefined) throw await this.#notParked('key', subscription);
      await this.#onGivenUp?.(ref, key);
      return events;
    });
  }

  /** A wrong key is said to be one, with those that are right: the first keys that are parked. */
  async #notParked(argument: string, { kind, ref }: Subscription): Promise<InvalidArgumentError> {
    const named = await listParkedKeys(this.#store, ref, { after: undefined, limit: MAX_NAMED + 1 });
    const keys = named.slice(0, MAX_NAMED).map(({ key }) => JSON.stringify(key));
    const others = named.length > MAX_NAMED ? ' and more, which list() has' : '';
    const parked = keys.length === 0 ? 'no key is' : `these are: ${keys.join(', ')}${others}`;
    return new InvalidArgumentError(
      argument,
      `names nothing that is parked now in ${kind} "${ref.name}", where ${parked}`,
    );
  }

  /** A page of what was given up, in the order in which it was. `after` is the id of the last record before. @throws like {@link list} */
  async givenUp(ref: TRef, options: ParkedPageOptions = {}): Promise<readonly GivenUp[]> {
    const page = toPage(options);
    const { ref: found } = this.#find(ref);
    return this.#ask(() => listGivenUp(this.#store, found, page));
  }

  async #ask<TResult>(request: () => Promise<TResult>): Promise<TResult> {
    try {
      return await request();
    } catch (error) {
      throw toLeftfoldError(error, this.#store.schema);
    }
  }
}

function toPage(options: ParkedPageOptions): Required<{ [TName in keyof ParkedPageOptions]: number }> {
  assertOptions('options', options, pageNames);
  const { after = 0, limit = 100 } = options;
  assertWhole('after', after);
  assertLimit(limit);
  return { after, limit };
}

function assertLimit(limit: number): void {
  assertWhole('limit', limit, { least: 1, most: MAX_LIMIT });
}

function assertLength(name: string, text: string, most: number): void {
  assertGivenText(name, text);
  if (text.length === 0 || text.length > most || text.includes('\u0000'))
    throw new InvalidArgumentError(name, `must have 1 to ${most} characters, without NUL`);
}

function assertKey(argument: string, key: unknown): void {
  assertGivenText(argument, key);
}
