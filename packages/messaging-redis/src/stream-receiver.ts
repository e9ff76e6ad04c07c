import { TransportUnavailableError, uuidv7 } from '@leftfold/core';
import type { Delivery, Receiver, ReceiverOptions } from '@leftfold/messaging';
import type { OpenStream } from './open-stream.ts';
import { type OwnedPartition, OwnedPartitions } from './owned-partitions.ts';
import { StreamConnection } from './stream-connection.ts';
import { readEntry } from './stream-entry.ts';
import { WakeUp } from './wake-up.ts';

/** While nothing is told, it is looked for messages after as many milliseconds. */
const POLL_MS = 500;
/** Bodies that are in flight have so many bytes at most, and those of one more message. */
const HELD_BYTES = 32 * 2 ** 20;
/** Most entries of one answer. */
const MOST = 1_000;

interface Entry {
  readonly id: string;
  readonly fields: readonly Buffer[];
  readonly redelivered: boolean;
}

/** What the script `receive` returns: cursors, and for each entry its place among the partitions, id, fields, redelivered. */
type Received = readonly [
  cursors: readonly Buffer[],
  entries: readonly (readonly [place: number, id: Buffer, fields: readonly Buffer[], redelivered: number])[],
];

/**
 * Receives the messages of one consumer: of the partitions that it has a lease of, and as no other receiver has them at that
 * time. Each read is fenced by the lease.
 */
export class StreamReceiver implements Receiver {
  readonly #stream: OpenStream;
  /** A connection of its own: the server ends one that is subscribed when its answers are large. */
  readonly #changes: StreamConnection;
  readonly #options: ReceiverOptions;
  readonly #id = uuidv7(Date.now());
  readonly #partitions = new OwnedPartitions();
  readonly #wakeUp = new WakeUp();
  readonly #leaseKeys: readonly string[];
  #isRenewalDue = true;
  #renewedAt = 0;
  #ended = false;
  #running: Promise<void> = Promise.resolve();

  private constructor(stream: OpenStream, changes: StreamConnection, options: ReceiverOptions) {
    const { keys } = stream;
    const { consumer } = options;
    this.#stream = stream;
    this.#changes = changes;
    this.#options = options;
    this.#leaseKeys = [
      keys.receivers(consumer),
      ...keys.partitions.map((partition) => keys.owner(partition, consumer)),
    ];
  }

  /** @throws TransportUnavailableError, TransportRefusedError */
  static async start(stream: OpenStream, options: ReceiverOptions): Promise<StreamReceiver> {
    const { connection, keys, settings } = stream;
    let changes: StreamConnection | undefined;
    try {
      changes = await StreamConnection.open(settings.name, settings.server);
      const receiver = new StreamReceiver(stream, changes, options);
      await changes.subscribe(keys.channel, (changed) => receiver.#notice(changed));
      await receiver.#renew();
      for (const one of [connection, changes]) one.onEnd(() => receiver.#notice(options.consumer));
      receiver.#running = receiver.#run();
      return receiver;
    } catch (error) {
      connection.close();
      changes?.close();
      throw error;
    }
  }

  /** Of leases of its consumer, or of new messages. */
  #notice(changed: string): void {
    if (changed === this.#options.consumer) this.#isRenewalDue = true;
    this.#wakeUp.now();
  }

  async #run(): Promise<void> {
    const { connection, settings } = this.#stream;
    const renewMs = settings.leaseMs / 3;
    try {
      while (!this.#ended) {
        this.#wakeUp.reset();
        this.#changes.assertOpen();
        await this.#acknowledge();
        const sinceRenewal = performance.now() - this.#renewedAt;
        if (this.#isRenewalDue || this.#partitions.hasLeft || sinceRenewal >= renewMs) await this.#renew();
        if (await this.#receive()) continue;
        await this.#wakeUp.within(Math.min(POLL_MS, renewMs));
      }
      await this.#acknowledge();
    } catch (thrown) {
      this.#lose(thrown);
    } finally {
      await this.#endLeases();
      connection.close();
      this.#changes.close();
    }
  }

  /** Afterwards acknowledgements do nothing. */
  #lose(thrown: unknown): void {
    const { name } = this.#stream.settings;
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onLost(
      thrown instanceof Error ? thrown : new TransportUnavailableError(name, 'the connection was lost'),
    );
  }

  async #renew(): Promise<void> {
    const { connection, keys, settings } = this.#stream;
    this.#isRenewalDue = false;
    this.#renewedAt = performance.now();
    const answer = await connection.run('keepLeases', this.#leaseKeys, [
      this.#id,
      settings.leaseMs,
      keys.channel,
      this.#options.consumer,
      ...keys.partitions.map((partition) => this.#partitions.markOf(partition)),
    ]);
    // Sound: it is what the script returns.
    const [share, ...numbers] = answer as readonly [number, ...number[]];
    this.#partitions.change(numbers, share);
  }

  /** @returns whether there may be more at once */
  async #receive(): Promise<boolean> {
    const { connection, keys } = this.#stream;
    const { consumer, prefetch } = this.#options;
    const partitions = this.#partitions.nextTurn();
    const { count, bytes } = this.#partitions.inFlight;
    const most = Math.min(prefetch - count, MOST);
    if (partitions.length === 0 || most <= 0 || bytes >= HELD_BYTES) return false;
    const answer = await connection.run(
      'receive',
      partitions.flatMap(({ number }) => [keys.owner(number, consumer), keys.messages(number)]),
      [this.#id, consumer, most, HELD_BYTES - bytes, ...partitions.map(({ cursor }) => cursor)],
    );
    // Sound: it is what the script returns.
    const [cursors, entries] = answer as Received;
    for (const [place, cursor] of cursors.entries()) partitions[place]!.cursor = cursor.toString();
    for (const [place, id, fields, before] of entries)
      this.#deliver(partitions[place]!, { id: id.toString(), fields, redelivered: before === 1 });
    return entries.length > 0;
  }

  #deliver(partition: OwnedPartition, { id, fields, redelivered }: Entry): void {
    const { inFlight, acknowledged } = partition;
    inFlight.set(
      id,
      fields.reduce((sum, { byteLength }) => sum + byteLength, 0),
    );
    const delivery: Delivery = {
      ...readEntry(fields),
      redelivered,
      acknowledge: () => {
        if (this.#ended || !inFlight.delete(id)) return;
        acknowledged.push(id);
        this.#wakeUp.now();
      },
    };
    if (!this.#ended) this.#options.onDelivery(delivery);
  }

  async #acknowledge(): Promise<void> {
    const { connection, keys } = this.#stream;
    const { consumer } = this.#options;
    await Promise.all(
      this.#partitions.all.map(async ({ number, acknowledged }) => {
        const ids = acknowledged.splice(0);
        if (ids.length > 0) await connection.run('acknowledge', [keys.messages(number)], [consumer, ...ids]);
      }),
    );
  }

  /** Others need not wait until they are over. */
  async #endLeases(): Promise<void> {
    const { connection, keys } = this.#stream;
    const values = [this.#id, keys.channel, this.#options.consumer];
    await connection.run('endLeases', this.#leaseKeys, values).catch(() => {});
  }

  /** What was acknowledged before is told to the server first. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#wakeUp.now();
    await this.#running;
  }
}
