import { DuplicateDefinitionError, InvalidArgumentError } from '@leftfold/core';
import {
  assertEach,
  assertFunction,
  assertGiven,
  assertGivenFunction,
  assertObject,
  type OptionNames,
  reading,
} from '@leftfold/core/input';
import type { ConnectionOptions } from '@leftfold/postgres';
import type { WaitForOptions } from '@leftfold/subscriptions';
import { Consumer } from './consumer.ts';
import { type InboxOptions, type InboxSettings, toInboxSettings } from './consumer-options.ts';
import { type OnConsumerIncident, tellingBoth } from './consumer-incident.ts';
import type { ConsumerStatus } from './consumer-status.ts';
import { assertConsumer, type ConsumerDefinition } from './define-consumer.ts';
import type { ExecuteMessageCommand } from './handle-message.ts';
import { ParkedMessages } from './parked-messages.ts';
import type { AwaitedMessage } from './wait-for-message.ts';

/** What {@link createConsumerRunner} takes. */
export interface ConsumerRunnerOptions extends InboxOptions {
  readonly consumers: readonly ConsumerDefinition[];
  /**
   * The database of the app. With `connectionString`, each consumer has connections of its own, `concurrency` and two more;
   * with a `pool`, they share a quarter of it.
   */
  readonly database: Pick<ConnectionOptions, 'connectionString' | 'pool'>;
  /** Executes the commands of handlers, such as `execute` of a command executor. */
  readonly execute: ExecuteMessageCommand;
  /** Called for each incident of each consumer, beside what its definition has. @default none */
  readonly onIncident?: OnConsumerIncident | undefined;
}

/** A consumer's definition, or its name. */
export type ConsumerRef = Pick<ConsumerDefinition, 'name'>;

const optionNames: OptionNames<ConsumerRunnerOptions> = {
  consumers: true,
  database: true,
  schema: true,
  preparedStatements: true,
  execute: true,
  onIncident: true,
};

/** A handler holds a connection of its own while it waits for commands, which need others: these must be there. */
const SHARE = 4;

/**
 * Creates a runner of consumers whose handlers execute commands. It makes no connection until `start()` or another method
 * is called.
 *
 * @throws DuplicateDefinitionError when two consumers have one name
 * @throws InvalidArgumentError when an option is misspelt or none, or the pool has fewer than four connections for each
 * consumer
 * @throws DatabaseNotConfiguredError when `database` has neither `connectionString` nor `pool`
 *
 * @example
 * ```ts
 * await using runner = createConsumerRunner({ consumers: [orderInbox], database, execute: executor.execute });
 * await runner.start();
 * ```
 */
export function createConsumerRunner(options: ConsumerRunnerOptions): ConsumerRunner {
  assertGiven('options', options, optionNames);
  return new ConsumerRunner(reading('options', () => ({ ...options })));
}

/** Runs consumers, beside any number of other processes. */
export class ConsumerRunner implements AsyncDisposable {
  readonly #definitions: readonly ConsumerDefinition[];
  readonly #place: InboxSettings;
  readonly #execute: ExecuteMessageCommand;
  readonly #onIncident: OnConsumerIncident | undefined;
  /** By name, in the order in which they were given. */
  readonly #consumers: Map<string, Consumer>;
  readonly #started = new Set<Consumer>();
  #ended = false;

  constructor({ consumers, execute, onIncident, ...place }: ConsumerRunnerOptions) {
    assertEach('consumers', consumers, assertConsumer);
    assertGivenFunction('execute', execute);
    assertFunction('onIncident', onIncident);
    this.#definitions = consumers;
    this.#place = toInboxSettings(place);
    this.#execute = execute;
    this.#onIncident = onIncident;
    for (const [index, { name }] of consumers.entries())
      if (consumers.findIndex((other) => other.name === name) !== index)
        throw new DuplicateDefinitionError('consumer', name);
    this.#consumers = new Map(consumers.map((definition) => [definition.name, this.#create(definition)]));
  }

  /** Creates the tables of the inbox where they are missing, if there is a consumer. @throws like that of the store */
  async migrate(): Promise<void> {
    for (const consumer of this.#consumers.values()) return consumer.migrate();
  }

  /** Starts those that are not started yet. @throws like {@link Consumer.start} */
  async start(): Promise<void> {
    for (const consumer of this.#consumers.values()) {
      if (this.#started.has(consumer)) continue;
      await consumer.start();
      this.#started.add(consumer);
    }
  }

  /** Stops all of them. Does not throw. */
  async stop(): Promise<void> {
    this.#ended = true;
    await Promise.all([...this.#consumers.values()].map((consumer) => consumer.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** State and progress of each, in the order in which they were given. @throws StoreUnavailableError, ClosedError */
  async status(): Promise<readonly ConsumerStatus[]> {
    return Promise.all([...this.#consumers.values()].map((consumer) => consumer.status()));
  }

  /**
   * Waits until the message of a token of the producing service, or a later one of the key, is handled, in whatever
   * process. What its handler did is then in the database: a query with `consistency: 'strong'` sees it.
   *
   * @throws like {@link Consumer.waitFor}; InvalidArgumentError for a consumer that is not among those of the runner
   *
   * @example
   * await app.consumers.waitFor(orderInbox, { key: 'order-17', token });
   * const parcels = await app.query(parcelList, { consistency: 'strong' }).execute();
   */
  async waitFor(ref: ConsumerRef, message: AwaitedMessage, options?: WaitForOptions): Promise<void> {
    await this.#find(ref).waitFor(message, options);
  }

  /** Messages of a consumer that are set aside, and what an operator does with them. @throws InvalidArgumentError */
  parked(ref: ConsumerRef): ParkedMessages {
    this.#find(ref);
    return new ParkedMessages(() => this.#find(ref).parkedParts);
  }

  /**
   * Starts a consumer of this process again that stopped at a message, `onFailure: 'stop'`: it tries the message once more.
   * Does nothing to one that runs. Calls that wait for it meanwhile fail with ClosedError.
   *
   * @throws InvalidArgumentError for a consumer that is not among those of the runner; and like {@link Consumer.start}
   */
  async resume(ref: ConsumerRef): Promise<void> {
    const stopped = this.#find(ref);
    if ((await stopped.status()).state !== 'stopped') return;
    const next = this.#create(this.#definitions.find(({ name }) => name === stopped.name)!);
    try {
      await next.start();
    } catch (error) {
      await next.stop();
      throw error;
    }
    // Another call was first, or the runner was stopped.
    if (this.#ended || this.#consumers.get(stopped.name) !== stopped) return next.stop();
    this.#started.add(next);
    this.#consumers.set(stopped.name, next);
    await stopped.stop();
  }

  #find(ref: ConsumerRef): Consumer {
    assertObject('a consumer, or { name }', 'consumer', ref, ['name']);
    const found = this.#consumers.get(ref.name);
    if (found === undefined)
      throw new InvalidArgumentError(
        'consumer',
        `is none of ${[...this.#consumers.keys()].map((name) => `"${name}"`).join(', ') || 'the app, which has none'}`,
      );
    return found;
  }

  #create(definition: ConsumerDefinition): Consumer {
    const { pool } = this.#place.database;
    const concurrency = pool === undefined ? definition.concurrency : this.#shareOf(pool.options.max);
    const settings = {
      ...definition,
      concurrency: Math.min(definition.concurrency, concurrency),
      onIncident: tellingBoth(definition.onIncident, this.#onIncident),
    };
    return new Consumer(settings, this.#place, this.#execute);
  }

  #shareOf(connections: number): number {
    const count = this.#definitions.length;
    const share = Math.floor(connections / SHARE / count);
    if (share > 0) return share;
    throw new InvalidArgumentError(
      'database.pool',
      `has ${connections} connections, too few for ${count} consumers; give it ${SHARE * count} or more, or give the connection string, then each consumer has its own`,
    );
  }
}
