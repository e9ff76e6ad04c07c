import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inboxSql } from '@leftfold/messaging';
import { killProcess } from '@leftfold/testbed/faults';
import type { Queryable } from '@leftfold/testing/postgres';
import { connect } from 'amqplib';

const file = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** What the README has an operator create. */
export const tablesSql = (): string => inboxSql() + readFileSync(file('tables.sql'), 'utf8');

/** The consumer in Python, a process that is killed and started again. */
export class Billing implements AsyncDisposable {
  readonly #program: string;
  readonly #variables: Readonly<Record<string, string>>;
  #process: ChildProcess | undefined;
  /** What all of its processes have printed. */
  log = '';

  constructor(program: string, variables: Readonly<Record<string, string>>) {
    this.#program = program;
    this.#variables = variables;
  }

  start(): void {
    this.#process = spawn(this.#program, [file('consumer.py')], {
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', FIRST_DELAY_MS: '20', ...this.#variables },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process.stderr?.on('data', (text) => (this.log += String(text)));
  }

  /** As the kernel does when memory runs out. */
  async kill(): Promise<void> {
    if (this.#process !== undefined) await killProcess(this.#process);
  }

  /** Asks it to end. @returns its exit code */
  async stop(): Promise<unknown> {
    const gone = once(this.#process!, 'exit');
    this.#process!.kill('SIGTERM');
    const [code] = await gone;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** The lines of each order, in the order in which they were written. */
export async function linesByOrder(database: Queryable): Promise<Readonly<Record<string, number[]>>> {
  const { rows } = await database.query(
    'select order_id, json_agg(line order by id) as lines from invoice_lines group by order_id',
  );
  return Object.fromEntries(
    (rows as { order_id: string; lines: number[] }[]).map(({ order_id: id, lines }) => [id, lines]),
  );
}

/** Publishes what is no message of a relay, and comes back when the exchange has it. */
export async function publishForeign(url: string, exchange: string, body: string): Promise<void> {
  await using connection = await closing(url);
  const channel = await connection.model.createConfirmChannel();
  channel.publish(exchange, '7', Buffer.from(body), { headers: { cloudEvents_id: 'a', other: 1 } });
  await channel.waitForConfirms();
}

/** Deletes what a relay has declared for the consumer. */
export async function removeExchange(url: string, exchange: string): Promise<void> {
  await using connection = await closing(url);
  const channel = await connection.model.createChannel();
  for (const name of ['0', '1', '2', '3', '4', '5', '6', '7', 'receivers'])
    await channel.deleteQueue(`${exchange}/billing/${name}`);
  await channel.deleteExchange(`${exchange}/billing`);
  await channel.deleteQueue(`${exchange}/check`);
  await channel.deleteExchange(exchange);
}

async function closing(url: string) {
  const model = await connect(url);
  return { model, [Symbol.asyncDispose]: () => model.close() };
}
