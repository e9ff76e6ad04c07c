import { uuidv7 } from '@leftfold/core';
import { readable } from '@leftfold/core/input';
import type { CloudEventAttributes, Delivery, Receiver, ReceiverOptions } from '@leftfold/messaging';
import { numberArray, pause } from '@leftfold/postgres';
import { answerMsFor, type OpenQueue } from './open-queue.ts';

/** While nothing is told, it is looked for messages after as many milliseconds. */
const POLL_MS = 500;
/** Most bytes of bodies that are received at one time. A larger one is read by itself, in the time that it needs. */
const RECEIVE_BYTES = 4 * 2 ** 20;

/** After a crash of the server, what was received or acknowledged just before is received again. */
const NOT_DURABLE = `(select pg_catalog.set_config('synchronous_commit', 'off', true)) as quick`;

interface MessageRow {
  readonly id: string;
  readonly attributes: string;
  readonly content_type: string;
  /** Null when it is larger than what is received at one time. */
  readonly body: Uint8Array | null;
  readonly bytes: number;
  readonly deliveries: number;
}

/** Receives the messages of one consumer, and keeps them from other receivers until they are acknowledged. */
export class QueueReceiver implements Receiver {
  readonly #queue: OpenQueue;
  readonly #options: ReceiverOptions;
  readonly #name = uuidv7(Date.now());
  readonly #ended = new AbortController();
  readonly #inFlight = new Set<string>();
  #acknowledged: string[] = [];
  #wake: AbortController = new AbortController();
  readonly #running: Promise<void>;

  constructor(queue: OpenQueue, options: ReceiverOptions) {
    this.#queue = queue;
    this.#options = options;
    queue.notifier.listen(() => this.#wake.abort());
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { invisibleMs } = this.#queue.settings;
    let keptAt = performance.now();
    try {
      while (!this.#ended.signal.aborted) {
        this.#wake = new AbortController();
        await this.#acknowledge();
        if (performance.now() - keptAt > invisibleMs / 3) {
          await this.#keep(invisibleMs);
          keptAt = performance.now();
        }
        if (await this.#receive()) continue;
        // Of a lasting signal, what AbortSignal.any makes would stay in memory.
        await pause(Math.min(POLL_MS, invisibleMs / 3), this.#wake.signal);
      }
      await this.#acknowledge();
      await this.#keep(0);
    } catch (thrown) {
      this.#inFlight.clear();
      if (!this.#ended.signal.aborted) this.#options.onLost(this.#queue.errorOf(thrown));
    } finally {
      await this.#queue.close();
    }
  }

  /** @returns whether there may be more at once */
  async #receive(): Promise<boolean> {
    const { consumer, prefetch, onDelivery } = this.#options;
    const { schema, queue, invisibleMs } = this.#queue.settings;
    const most = Math.min(prefetch, 10_000) - this.#inFlight.size;
    if (most <= 0) return false;
    const rows = await this.#queue.run<MessageRow>({
      name: `leftfold receive ${schema}`,
      text: `select id::text as id, attributes, content_type, body, bytes, deliveries
               from "${schema}".receive($1, $2, $3, $4, $5, $6) cross join ${NOT_DURABLE}`,
      values: [queue, consumer, this.#name, most, RECEIVE_BYTES, invisibleMs],
    });
    for (const row of rows) {
      this.#inFlight.add(row.id);
      const body = row.body ?? (await this.#bodyOf(row));
      if (body !== undefined) onDelivery(this.#deliveryOf(row, body));
      else this.#inFlight.delete(row.id);
    }
    return rows.length > 0;
  }

  /** @returns undefined when it took so long that the message is another receiver's by now */
  async #bodyOf({ id, bytes }: MessageRow): Promise<Uint8Array | undefined> {
    const { schema, queue } = this.#queue.settings;
    const reading = new AbortController();
    const keeping = this.#keepWhile(reading.signal);
    try {
      const [row] = await this.#queue.run<{ readonly body: Uint8Array }>({
        name: undefined,
        text: `select body from "${schema}".read_body($1, $2, $3, $4)`,
        values: [queue, this.#options.consumer, this.#name, id],
        answerMs: answerMsFor(bytes),
      });
      return row?.body;
    } finally {
      reading.abort();
      await keeping;
    }
  }

  /** Does not throw: what is lost meanwhile is noticed by the next statement. */
  async #keepWhile(reading: AbortSignal): Promise<void> {
    const { invisibleMs } = this.#queue.settings;
    while (!reading.aborted) {
      await this.#keep(invisibleMs).catch(() => {});
      await pause(invisibleMs / 3, reading);
    }
  }

  #deliveryOf(
    { id, attributes, content_type: contentType, deliveries }: MessageRow,
    body: Uint8Array,
  ): Delivery {
    return {
      // Sound: written by `publish`; a stranger's text is no object of texts at worst, and refused by the consumer.
      attributes: attributesOf(attributes),
      body,
      contentType,
      redelivered: deliveries > 1,
      acknowledge: () => {
        if (!this.#inFlight.delete(id)) return;
        this.#acknowledged.push(id);
        this.#wake.abort();
      },
    };
  }

  async #acknowledge(): Promise<void> {
    const ids = this.#acknowledged;
    if (ids.length === 0) return;
    this.#acknowledged = [];
    const { schema, queue } = this.#queue.settings;
    await this.#queue.run({
      name: `leftfold acknowledge ${schema}`,
      text: `select "${schema}".acknowledge($1, $2, $3, $4::bigint[]) from ${NOT_DURABLE}`,
      values: [queue, this.#options.consumer, this.#name, numberArray(ids.map(Number))],
    });
  }

  /** Keeps what is in flight for some more time; 0 lets others have it. */
  async #keep(invisibleMs: number): Promise<void> {
    if (this.#inFlight.size === 0) return;
    const { schema, queue } = this.#queue.settings;
    await this.#queue.run({
      name: undefined,
      text: `select "${schema}".keep($1, $2, $3, $4)`,
      values: [queue, this.#options.consumer, this.#name, invisibleMs],
    });
  }

  async close(): Promise<void> {
    this.#ended.abort();
    this.#wake.abort();
    await this.#running;
  }
}

/**
 * Attributes as texts. What is no object of them is one attribute, and no message then: it is kept as it came, and told apart
 * from others.
 */
function attributesOf(text: string): CloudEventAttributes {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, asText(value)]));
  } catch (error) {
    void readable(error); // no JSON, or nested too deeply
  }
  return { attributes: text };
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
