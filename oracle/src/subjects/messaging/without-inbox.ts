import { setTimeout as delay } from 'node:timers/promises';
import type { Delivery, Receiver, Transport } from '@leftfold/messaging';
import type pg from 'pg';
import { insertEffect } from './effects.ts';

const AGAIN_MS = 50;

/** The control of a consumer: has the effect of each delivery, and then acknowledges it. */
export class ConsumerWithoutInbox {
  readonly #transport: Transport;
  readonly #consumer: string;
  readonly #pool: pg.Pool;
  readonly #ended = new AbortController();
  #receiver: Receiver | undefined;

  constructor(transport: Transport, consumer: string, pool: pg.Pool) {
    this.#transport = transport;
    this.#consumer = consumer;
    this.#pool = pool;
  }

  /** Opens the connection, and does so again whenever it is lost. */
  async start(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      try {
        this.#receiver = await this.#transport.openReceiver({
          consumer: this.#consumer,
          prefetch: 50,
          onDelivery: (delivery) => void this.#handle(delivery),
          onLost: () => void this.start(),
        });
        return;
      } catch {
        await delay(AGAIN_MS);
      }
    }
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#receiver?.close();
  }

  /** Until the database has it. */
  async #handle(delivery: Delivery): Promise<void> {
    const { sql, parameters } = insertEffect(delivery.attributes);
    while (!this.#ended.signal.aborted) {
      try {
        await this.#pool.query(sql, [...parameters]);
        delivery.acknowledge();
        return;
      } catch {
        await delay(AGAIN_MS);
      }
    }
  }
}
