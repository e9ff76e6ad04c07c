import { ClosedError, InvalidMessageError, type MessageParkedError } from '@leftfold/core';
import { assertDuration, assertOptions, type OptionNames, thrownText } from '@leftfold/core/input';
import {
  applyMigrations,
  openPool,
  type OpenedPool,
  StatementNames,
  toLeftfoldError,
  within,
} from '@leftfold/postgres';
import { guarded, type WaitForOptions } from '@leftfold/subscriptions';
import type { InboxConnection } from '../sql/inbox/attempts.ts';
import type { SourceKey } from '../sql/inbox/inbox-rows.ts';
import { inboxMigrations } from '../sql/inbox/inbox-sql.ts';
import { readInboxTotals } from '../sql/inbox/progress.ts';
import type { ConsumerSettings, InboxSettings } from './consumer-options.ts';
import { warnOfIncident } from './consumer-incident.ts';
import type { ConsumerState, ConsumerStatus } from './consumer-status.ts';
import { watchDueKeys } from './due-keys.ts';
import type { ExecuteMessageCommand } from './handle-message.ts';
import { HeldDeliveries, type ReadDelivery } from './held-deliveries.ts';
import { KeyTurns } from './key-turns.ts';
import { MessageProcessor } from './message-processor.ts';
import { MessageReader } from './message-reader.ts';
import { placeOf } from './next-messages.ts';
import { ParkedMessages, type ParkedParts } from './parked-messages.ts';
import { type DeliveryConnection, ReceiverLoop } from './receiver-loop.ts';
import type { Delivery } from '../transport/transport.ts';
import { UntilDone } from './until-done.ts';
import { type AwaitedMessage, toAwaited, waitForMessage } from './wait-for-message.ts';

/** Bodies that are held at one time have so many bytes at most, or are one. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;
/** Keys whose messages are read, or wait for a transaction, for each handler that runs. */
const KEYS_AHEAD = 8;
/** Milliseconds in which the database has to answer a statement of the consumer. */
const ANSWER_MS = 30_000;
/** Connections beside those of handlers: for what is due, for status and waits. */
const MORE_CONNECTIONS = 2;

const waitNames: OptionNames<WaitForOptions> = { timeoutMs: true, signal: true };

/** Handles the messages of other services, each once, in the order of each key, beside any number of other processes. */
export class Consumer implements AsyncDisposable {
  readonly name: string;
  /** Messages that are set aside, and what an operator does with them. */
  readonly parked: ParkedMessages;
  /** @internal */
  readonly parkedParts: ParkedParts;
  readonly #settings: ConsumerSettings;
  readonly #database: OpenedPool;
  readonly #inbox: InboxConnection;
  readonly #reader: MessageReader;
  readonly #processor: MessageProcessor;
  readonly #receivers: ReceiverLoop;
  readonly #turns: KeyTurns;
  readonly #untilDone: UntilDone;
  readonly #tell: (error: unknown, stopped?: boolean) => void;
  /** Aborts when nothing further is begun. */
  readonly #ended = new AbortController();
  /** Aborts when what is running must end. */
  readonly #stopped = new AbortController();
  readonly #due = new Set<string>();
  readonly #held = new HeldDeliveries();
  #state: ConsumerState = 'created';
  #failure: MessageParkedError | undefined;
  #watching: Promise<void> | undefined;
  #halting: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #closed = false;
  #lastMessageAt: Date | undefined;

  /** @internal use createConsumer, or defineConsumer and an app */
  constructor(settings: ConsumerSettings, place: InboxSettings, execute: ExecuteMessageCommand | undefined) {
    const { name, concurrency, prefetch, transport } = settings;
    const { schema, preparedStatements: prepare } = place;
    this.name = name;
    this.#settings = settings;
    this.#reader = new MessageReader(settings.messages, settings.sources, `consumer "${name}"`);
    this.#database = openPool({ maxConnections: concurrency + MORE_CONNECTIONS, ...place.database });
    const run = this.#database.runner({ prepare, answerMs: ANSWER_MS });
    this.#inbox = {
      schema,
      consumer: name,
      run: async (statement) => {
        if (this.#closed) throw new ClosedError(`consumer "${name}"`);
        return run(statement);
      },
    };
    const tell = guarded(settings.onIncident ?? warnOfIncident);
    this.#tell = (error, stopped = false) => tell({ consumer: name, error, stopped });
    this.#untilDone = new UntilDone(this.#stopped.signal, (error) =>
      this.#tell(toLeftfoldError(error, schema)),
    );
    const names = prepare ? new StatementNames() : undefined;
    this.#processor = new MessageProcessor(
      { settings, schema, execute, database: this.#database, names, stopped: this.#stopped.signal },
      {
        inbox: this.#inbox,
        reader: this.#reader,
        untilDone: this.#untilDone,
        events: { onIncident: this.#tell, onStop: (error) => this.#fail(error) },
      },
    );
    this.#turns = new KeyTurns(concurrency * KEYS_AHEAD);
    this.parkedParts = { inbox: this.#inbox, reader: this.#reader, processor: this.#processor };
    this.parked = new ParkedMessages(() => this.parkedParts);
    this.#receivers = new ReceiverLoop({
      transport,
      consumer: name,
      prefetch,
      onDelivery: (delivery, connection) => this.#accept(delivery, connection),
      onReleased: () => this.#held.releaseLost(),
      onIncident: (error) => this.#tell(error),
    });
  }

  /** Creates the tables of the inbox where they are missing. @throws like that of the store */
  async migrate(): Promise<void> {
    const { schema } = this.#inbox;
    const { pool } = this.#database;
    await applyMigrations(pool, { ...inboxMigrations, schema, answerMs: ANSWER_MS });
  }

  /**
   * Migrates, then begins to handle messages. A broker that is away is waited for.
   *
   * @throws like {@link migrate}; TransportRefusedError when the broker refuses the login or what it has is declared
   * otherwise; ClosedError after `stop()`, TypeError when called twice
   */
  async start(): Promise<void> {
    if (this.#halting !== undefined) throw new ClosedError(`consumer "${this.name}"`);
    if (this.#state !== 'created') throw new TypeError(`consumer "${this.name}" is started already`);
    this.#state = 'connected';
    try {
      await this.migrate();
      await this.#processor.resumeReadable();
      await this.#receivers.start();
    } catch (error) {
      this.#state = 'created';
      throw toLeftfoldError(error, this.#inbox.schema);
    }
    this.#watching = watchDueKeys({
      inbox: this.#inbox,
      gapTimeoutMs: this.#settings.gapTimeoutMs,
      untilDone: this.#untilDone,
      ended: this.#ended.signal,
      onDue: (key) => this.#continue(key),
      onMissing: (error) => this.#tell(error),
      resumeReadable: () => this.#processor.resumeReadable(),
    });
  }

  /**
   * Begins nothing further, waits for running handlers, at most for `stopTimeoutMs`, and ends the connections. What was not
   * acknowledged is delivered again. Does not throw.
   */
  stop(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** @throws StoreUnavailableError, ClosedError */
  async status(): Promise<ConsumerStatus> {
    const { name, transport, gapTimeoutMs } = this.#settings;
    const totals = await readInboxTotals(this.#inbox, gapTimeoutMs).catch((error: unknown) => {
      throw toLeftfoldError(error, this.#inbox.schema);
    });
    const waiting = this.#state === 'connected' ? this.#waiting() : undefined;
    return {
      name,
      transport: transport.name,
      state: waiting === undefined ? this.#state : 'waiting',
      waitingFor: waiting?.for,
      waitingSince: waiting?.since,
      failure: this.#failure?.message,
      inFlight: this.#held.count,
      prefetch: this.#receivers.prefetch,
      lastMessageAt: this.#lastMessageAt,
      ...totals,
    };
  }

  /**
   * Waits until the message of a token of its source, or a later one of the key, is handled, in whatever process: a query
   * then sees what a command of another service did. Of an event that is published as several messages, the first of them.
   *
   * @throws InvalidArgumentError when `source` is none of the consumer's, or is left out and there are several
   * @throws MessageParkedError when the key is parked before it; SourceRewoundError when the source has another event there;
   * MessageTimeoutError; StoreUnavailableError, ClosedError
   *
   * @example
   * await shipping.waitFor({ key: 'order-17', token });
   */
  async waitFor(message: AwaitedMessage, options: WaitForOptions = {}): Promise<void> {
    const awaited = toAwaited(message, this.#settings);
    assertOptions('options', options, waitNames);
    const { timeoutMs = 5_000, signal } = options;
    assertDuration('timeoutMs', timeoutMs);
    try {
      await waitForMessage(this.#inbox, awaited, { timeoutMs, signal });
    } catch (error) {
      throw toLeftfoldError(error, this.#inbox.schema);
    }
  }

  #accept(delivery: Delivery, connection: DeliveryConnection): void {
    this.#lastMessageAt = new Date();
    const message = this.#reader.tryToPlace(delivery);
    const ticket = this.#held.add({ delivery, connection, message });
    // What cannot be placed has no key, and is kept one by one.
    const key = message instanceof InvalidMessageError ? '' : placeOf(message);
    this.#turns.add(key, async () => {
      try {
        if (!this.#ended.signal.aborted) await this.#handle(this.#held.begin(ticket));
      } catch (error) {
        // It stays with the broker, which delivers it again.
        if (!this.#stopped.signal.aborted) this.#tell(error);
      } finally {
        this.#held.release(ticket);
      }
    });
    if (this.#held.bytes > MAX_HELD_BYTES && this.#held.count > 1)
      this.#receivers.reducePrefetch(Math.floor(this.#held.count / 2));
  }

  async #handle(read: ReadDelivery | undefined): Promise<void> {
    if (read === undefined) return;
    const { delivery, connection, message } = read;
    if (message instanceof InvalidMessageError) await this.#processor.keepUnplaced(delivery, message);
    else await this.#processor.deliver(message, delivery.redelivered);
    delivery.acknowledge();
    connection.progressed();
  }

  /** Continues with what is set aside for a key, after what is running for it. */
  #continue(key: SourceKey): void {
    const place = placeOf(key);
    if (this.#due.has(place)) return;
    this.#due.add(place);
    this.#turns.add(place, async () => {
      this.#due.delete(place);
      if (this.#ended.signal.aborted) return;
      await this.#processor.continueKey(key).catch((error: unknown) => {
        if (!this.#stopped.signal.aborted) this.#tell(error);
      });
    });
  }

  /** What its key has is left as it is: whatever starts next tries it again. */
  #fail(error: MessageParkedError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#tell(error, true);
    void this.#halt();
  }

  async #end(): Promise<void> {
    await this.#halt();
    this.#closed = true;
    await this.#database.end(this.#settings.stopTimeoutMs, []);
  }

  /** Ends all work. What is set aside can still be looked at. */
  #halt(): Promise<void> {
    this.#halting ??= this.#endWork();
    return this.#halting;
  }

  async #endWork(): Promise<void> {
    this.#state = 'stopped';
    this.#ended.abort();
    const { stopTimeoutMs } = this.#settings;
    const late = () => this.#stopped.abort(new ClosedError(`consumer "${this.name}"`));
    await within(this.#turns.whenIdle(), { limitMs: stopTimeoutMs, late });
    this.#stopped.abort(new ClosedError(`consumer "${this.name}"`));
    await this.#turns.whenIdle();
    await this.#receivers.stop();
    await this.#watching;
  }

  #waiting(): { readonly for: string; readonly since: Date } | undefined {
    const outage = this.#untilDone.outage;
    if (outage !== undefined) {
      const error = toLeftfoldError(outage.error, this.#inbox.schema);
      return { for: `the database: ${thrownText(error)}`, since: outage.since };
    }
    const lost = this.#receivers.failure;
    if (lost === undefined) return undefined;
    const why = lost.error === undefined ? 'it is being connected' : thrownText(lost.error);
    return { for: `the transport: ${why}`, since: lost.since };
  }
}
