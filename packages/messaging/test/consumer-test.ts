import { defineEvents, type JsonValue, type RecordedEvent } from '@leftfold/core';
import { databaseTest } from '@leftfold/testbed/database';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  type ConsumedMessage,
  type Consumer,
  type ConsumerDefinitionOptions,
  type ConsumerIncident,
  type ConsumerOptions,
  type ConsumerRunner,
  createConsumer,
  createConsumerRunner,
  defineConsumer,
  type ExecuteMessageCommand,
  type MessageContext,
  toCloudEvent,
} from '../src/index.ts';
import { type BrokerMessage, type Sent, TestBroker } from './test-broker.ts';

export const orderMessages = defineEvents('orders', {
  placed: z.object({ amount: z.int() }),
  noted: z.object({}),
});

export const SOURCE = '/shop/orders';

export const test = databaseTest().extend('shop', async ({ database, pool }, fixture) => {
  const shop = await Shop.open(database.connectionString, pool);
  fixture.onCleanup(() => shop.close());
  return shop;
});

/** What a message of a test has beside its place. */
export interface MessageParts {
  readonly previous?: number | undefined;
  readonly lineage?: string;
  readonly id?: string;
  readonly source?: string;
  readonly type?: string;
  readonly schemaVersion?: number;
  readonly data?: JsonValue;
}

/** A message of a key at a position. Its amount is the position. */
export function message(key: string, position: number, parts: MessageParts = {}): BrokerMessage {
  const { previous, lineage = 'first', id = `event-${position}`, source = SOURCE } = parts;
  const { type = 'orders.placed', schemaVersion = 1, data = { amount: position } } = parts;
  const event: RecordedEvent = {
    type: 'order.placed',
    schemaVersion: 1,
    data: {},
    id,
    streamId: key,
    streamVersion: 1,
    position,
    recordedAt: new Date(0),
    metadata: {},
    tags: [],
  };
  const { attributes, body, contentType } = toCloudEvent(
    { type, schemaVersion, data },
    { event, source, key, lineage, previous: previous === undefined ? undefined : sequence(previous) },
    'binary',
  );
  return { attributes, body, contentType };
}

export const sequence = (position: number): string => String(position).padStart(16, '0');

export type OnPlaced = (
  amount: number,
  context: MessageContext,
  message: ConsumedMessage,
) => Promise<unknown>;

let shops = 0;

/** An inbox of its own with a table of effects: an effect that happens twice is a unique violation. */
export class Shop {
  readonly schema: string;
  readonly pool: Pool;
  readonly broker = new TestBroker();
  readonly incidents: ConsumerIncident[] = [];
  readonly #connectionString: string;
  readonly #consumers: Consumer[] = [];
  readonly #runners: ConsumerRunner[] = [];

  static async open(connectionString: string, pool: Pool): Promise<Shop> {
    const shop = new Shop(connectionString, pool);
    await pool.query(`create schema "${shop.schema}_effects";
      create table "${shop.schema}_effects".effects (
        place bigint generated always as identity, key text, amount integer, by text, primary key (key, amount))`);
    return shop;
  }

  private constructor(connectionString: string, pool: Pool) {
    shops += 1;
    this.schema = `inbox_${shops}`;
    this.pool = pool;
    this.#connectionString = connectionString;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consumers, ...this.#runners].map((each) => each.stop()));
  }

  consumer(
    onPlaced: OnPlaced = async () => {},
    options: Partial<ConsumerOptions> & { readonly by?: string } = {},
  ): Consumer {
    const { by = '', ...rest } = options;
    const consumer = createConsumer({
      name: 'shipping',
      transport: this.broker,
      sources: [SOURCE],
      messages: [orderMessages],
      database: { connectionString: this.#connectionString },
      schema: this.schema,
      retry: { attempts: 3, firstDelayMs: 1, maxDelayMs: 2 },
      onIncident: (incident) => void this.incidents.push(incident),
      on: {
        'orders.placed': async (placed: ConsumedMessage, context: MessageContext) => {
          const { amount } = placed.data as { readonly amount: number };
          await onPlaced(amount, context, placed);
          await sql`insert into ${sql.id(`${this.schema}_effects`, 'effects')} (key, amount, by)
                    values (${placed.key}, ${amount}, ${by})`.execute(context.tx);
        },
      },
      ...rest,
    });
    this.#consumers.push(consumer);
    return consumer;
  }

  async started(onPlaced?: OnPlaced, options?: Parameters<Shop['consumer']>[1]): Promise<Consumer> {
    const consumer = this.consumer(onPlaced, options);
    await consumer.start();
    return consumer;
  }

  /** A consumer of an app, whose commands are executed by `execute`. */
  async running(
    execute: ExecuteMessageCommand,
    options: Partial<ConsumerDefinitionOptions<[typeof orderMessages]>>,
  ): Promise<ConsumerRunner> {
    const consumer = defineConsumer({
      name: 'shipping',
      transport: this.broker,
      sources: [SOURCE],
      messages: [orderMessages],
      retry: { attempts: 3, firstDelayMs: 1, maxDelayMs: 2 },
      onIncident: (incident) => void this.incidents.push(incident),
      ...options,
    });
    const database = { connectionString: this.#connectionString };
    const runner = createConsumerRunner({ consumers: [consumer], database, schema: this.schema, execute });
    this.#runners.push(runner);
    await runner.start();
    return runner;
  }

  /** Sends messages of a key, each after the one before it. */
  sendChain(key: string, positions: readonly number[], parts: MessageParts = {}): readonly Sent[] {
    return positions.map((position, place) =>
      this.broker.send(
        message(key, position, { previous: place === 0 ? undefined : positions[place - 1], ...parts }),
      ),
    );
  }

  async acknowledged(...sent: readonly Sent[]): Promise<void> {
    await until(() => sent.every(({ acknowledged }) => acknowledged), {
      message: 'the messages to be acknowledged',
    });
  }

  /** The effects of a key in the order in which they happened. */
  async effects(key?: string): Promise<readonly number[]> {
    const { rows } = await this.pool.query<{ amount: number }>(
      `select amount from "${this.schema}_effects".effects where $1::text is null or key = $1 order by place`,
      [key ?? null],
    );
    return rows.map(({ amount }) => amount);
  }

  async untilEffects(key: string, amounts: readonly number[]): Promise<void> {
    await until(async () => JSON.stringify(await this.effects(key)) === JSON.stringify(amounts), {
      message: `the effects ${JSON.stringify(amounts)}`,
    });
  }

  /** The row of a key. */
  async row(key: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const { rows } = await this.pool.query(`select * from "${this.schema}".inbox where key = $1`, [key]);
    return rows[0] as Readonly<Record<string, unknown>> | undefined;
  }

  codes(): readonly unknown[] {
    return this.incidents.map(({ error }) => (error as { readonly code?: string }).code);
  }
}
