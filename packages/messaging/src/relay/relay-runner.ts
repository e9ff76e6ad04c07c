import { InvalidArgumentError, type LogToken, TransportUnavailableError } from '@leftfold/core';
import {
  assertEach,
  assertObject,
  assertOptions,
  assertWhole,
  type OptionNames,
  placeOfToken,
  reading,
} from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { applyMigrations, within } from '@leftfold/postgres';
import {
  EffectRunner,
  type ParkedEvents,
  type RunnerOptions,
  type SubscriptionStatus,
  type WaitForOptions,
} from '@leftfold/subscriptions';
import { functions, migrations } from '../sql/migrations.generated.ts';
import type { Transport } from '../transport/transport.ts';
import { assertSameKeys } from './assert-same-keys.ts';
import type { AnyRelay } from './define-relay.ts';
import { relayEffect } from './relay-effect.ts';
import { assertRelay, assertSourcesDistinct } from './relay-set.ts';
import { rewindRelay } from './rewind-relay.ts';
import { SharedPublisher } from './shared-publisher.ts';

/** What {@link createRelayRunner} takes. */
export interface RelayRunnerOptions extends RunnerOptions {
  readonly store: PostgresEventStore;
  readonly relays: readonly AnyRelay[];
}

/** A relay's definition, or its name and version. */
export type RelayRef = Pick<AnyRelay, 'name' | 'version'>;

/** Options of `rewind` of a relay: one of both. */
export interface RewindTo {
  /** Publishes what follows this position; 0 for everything. */
  readonly position?: number | undefined;
  /** Publishes what follows the event of this token. */
  readonly token?: LogToken | undefined;
}

/** Whether the broker of a relay takes messages. */
export interface TransportStatus {
  readonly name: string;
  /** Whether it has just confirmed a message that reaches no consumer. */
  readonly ok: boolean;
  /** In words: that it does, or why not. */
  readonly message: string;
}

/** State and progress of a relay. */
export interface RelayStatus extends SubscriptionStatus {
  readonly transport: TransportStatus;
}

/** Longest wait of a status for a broker, in milliseconds. */
const CHECK_MS = 2_000;

const rewindNames: OptionNames<RewindTo> = { position: true, token: true };

/**
 * Creates a runner that publishes events by relays. It makes no connection until `start()` or another method is called.
 *
 * @throws DuplicateDefinitionError when two relays have the same name and version.
 * @throws InvalidArgumentError when an option is out of range or misspelt, or two relays have one source.
 *
 * @example
 * ```ts
 * await using runner = createRelayRunner({ store, relays: [ordersOut] });
 * await runner.start();
 * ```
 */
export function createRelayRunner(options: RelayRunnerOptions): RelayRunner {
  assertObject('an object', 'options', options);
  return new RelayRunner(reading('options', () => ({ ...options })));
}

/** Publishes the events of the log, each at least once, in the order of each key, beside any number of other runners. */
export class RelayRunner implements AsyncDisposable {
  /** Events that were set aside for keys that failed, and what an operator does with them. */
  readonly parked: ParkedEvents<RelayRef>;
  readonly #store: PostgresEventStore;
  readonly #relays: readonly AnyRelay[];
  readonly #runner: EffectRunner;
  readonly #publishers = new Map<Transport, SharedPublisher>();

  constructor({ relays, ...options }: RelayRunnerOptions) {
    const { store } = options;
    assertObject('an event store', 'store', store, ['schema', 'pool']);
    assertEach('relays', relays, assertRelay);
    assertSourcesDistinct(relays);
    this.#store = store;
    this.#relays = relays;
    const effects = relays.map((relay) =>
      relayEffect(relay, { store, publisher: this.#publisherOf(relay.transport) }),
    );
    this.#runner = new EffectRunner({ ...options, kind: 'relay', effects });
    this.parked = this.#runner.parked;
  }

  /**
   * Creates what is missing: where a relay starts is decided now.
   *
   * @throws InvalidDefinitionError when the `key` of a relay is another one than what it has published by; and like that of
   * the store
   */
  async migrate(): Promise<void> {
    const { pool, schema, answerMs } = this.#store;
    await applyMigrations(pool, { schema, component: 'messaging', migrations, functions, answerMs });
    // First: a version that is refused must not take the place of the one before it.
    for (const relay of this.#relays) await assertSameKeys(relay, this.#store);
    if (this.#relays.length > 0) await this.#runner.migrate();
  }

  /** Migrates, then begins to publish. @throws like {@link migrate}; TypeError when called twice */
  async start(): Promise<void> {
    await this.migrate();
    await this.#runner.start();
  }

  /** Releases the leases and ends the connections to brokers. What was not confirmed is published again. Does not throw. */
  async stop(): Promise<void> {
    await this.#runner.stop();
    await Promise.all([...this.#publishers.values()].map((publisher) => publisher.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Waits until a relay has published the event of a token, in whatever process it runs.
   *
   * @throws EventParkedError when the event is parked; SubscriptionTimeoutError, SubscriptionFailedError,
   * LogRewoundError, SubscriptionNotFoundError, ClosedError
   */
  waitFor(ref: RelayRef, token: LogToken, options?: WaitForOptions): Promise<void> {
    return this.#runner.waitFor(ref, token, options);
  }

  /**
   * Waits until every event that is committed now is published or parked.
   *
   * @param options.timeoutMs is Infinity by default
   * @throws like {@link waitFor}
   */
  whenCaughtUp(ref: RelayRef, options?: WaitForOptions): Promise<void> {
    return this.#runner.whenCaughtUp(ref, options);
  }

  /** Lets a relay continue that is stopped or paused. @throws SubscriptionNotFoundError, StoreUnavailableError */
  resume(ref: RelayRef): Promise<void> {
    return this.#runner.resume(ref);
  }

  /** Ends publishing in all processes until it is resumed. @throws SubscriptionNotFoundError, StoreUnavailableError */
  pause(ref: RelayRef): Promise<void> {
    return this.#runner.pause(ref);
  }

  /**
   * Publishes again what follows a position: for a broker that has lost messages, and after the log went back. Consumers
   * with an inbox handle only what they have not. Reads the log up to the position first, once.
   *
   * A relay that is not so far stays where it is.
   *
   * @throws InvalidArgumentError unless one of `position` and `token` is given
   * @throws SubscriptionNotFoundError, StoreUnavailableError
   *
   * @example
   * await runner.rewind(ordersOut, { position: 4711 });
   */
  async rewind(ref: RelayRef, to: RewindTo): Promise<void> {
    const relay = this.#find(ref);
    await rewindRelay(relay, { store: this.#store, runner: this.#runner }, positionOf(to));
  }

  /** @internal False when this process defines the relay in another way than the row with this hash. */
  isSame(ref: RelayRef, definitionHash: string | undefined): boolean {
    return this.#runner.isSame(ref, definitionHash);
  }

  /**
   * State and progress of each relay, in the order in which they were given, and whether its broker takes messages: one is
   * published that reaches no consumer, for at most two seconds.
   *
   * @throws StoreUnavailableError
   */
  async status(): Promise<readonly RelayStatus[]> {
    const transports = [...new Set(this.#relays.map(({ transport }) => transport))];
    const [statuses, checked] = await Promise.all([
      this.#runner.status(),
      Promise.all(transports.map(async (transport) => [transport, await this.#check(transport)] as const)),
    ]);
    const byTransport = new Map(checked);
    return statuses.map((status, place) => ({
      ...status,
      transport: byTransport.get(this.#relays[place]!.transport)!,
    }));
  }

  async #check(transport: Transport): Promise<TransportStatus> {
    const { name } = transport;
    const limit = new AbortController();
    const late = () => {
      limit.abort();
      throw new TransportUnavailableError(name, `it did not confirm a message within ${CHECK_MS} ms`);
    };
    try {
      const checking = this.#publisherOf(transport).check(limit.signal);
      await within(checking, { limitMs: CHECK_MS, late });
      return { name, ok: true, message: 'it confirms messages' };
    } catch (error) {
      return { name, ok: false, message: error instanceof Error ? error.message : String(error) };
    }
  }

  #publisherOf(transport: Transport): SharedPublisher {
    let publisher = this.#publishers.get(transport);
    if (publisher === undefined) {
      publisher = new SharedPublisher(transport);
      this.#publishers.set(transport, publisher);
    }
    return publisher;
  }

  #find(ref: RelayRef): AnyRelay {
    const { name, version } = this.#runner.find(ref);
    return this.#relays.find((relay) => relay.name === name && relay.version === version)!;
  }
}

/** @throws InvalidArgumentError */
function positionOf(to: RewindTo): number {
  assertObject('an object', 'to', to);
  assertOptions('to', to, rewindNames);
  const { position, token } = to;
  if ((position === undefined) === (token === undefined))
    throw new InvalidArgumentError('to', 'must be { position } or { token }');
  if (token !== undefined) return placeOfToken('to.token', token).position;
  assertWhole('to.position', position);
  return position!;
}
