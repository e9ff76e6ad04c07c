import { type CommandExecutor, createCommandExecutor } from '@leftfold/commands';
import type { AnyAggregate, AnyCommand, AnyDecision, AnyProcess, CustomMetadata } from '@leftfold/core';
import { createEventStore, type PostgresEventStore } from '@leftfold/event-store';
import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { collect } from '@leftfold/testbed/outcome';
import {
  createProcessRunner,
  type ExecuteProcessCommand,
  instanceAggregates,
  type ProcessRunner,
  type ProcessRunnerOptions,
} from '../src/index.ts';
import { account, request, transfer } from './transfers.ts';

let logs = 0;

/** A log, an executor and runners for some processes, beside accounts and requests. */
export class Bank implements AsyncDisposable {
  readonly store: PostgresEventStore;
  readonly executor: CommandExecutor<AnyAggregate, AnyDecision, CustomMetadata>;
  readonly processes: readonly AnyProcess[];
  readonly #runners: ProcessRunner[] = [];
  readonly #connectionString: string;

  constructor(
    connectionString: string,
    processes: readonly AnyProcess[],
    /** Of another process on the same log. @default a new log */
    schema?: string,
    /** Beside accounts and requests. @default none */
    others: readonly AnyAggregate[] = [],
  ) {
    logs += 1;
    this.processes = processes;
    this.#connectionString = connectionString;
    const aggregates: readonly AnyAggregate[] = [
      account,
      request,
      ...others,
      ...instanceAggregates(processes),
    ];
    const events = aggregates.map((aggregate) => aggregate.events);
    this.store = createEventStore({ connectionString, events, schema: schema ?? `bank_${logs}` });
    this.executor = createCommandExecutor({ store: this.store, aggregates });
  }

  /** A runner that ends with the bank. */
  runner(options: Partial<ProcessRunnerOptions> = {}): ProcessRunner {
    const { store, processes } = this;
    const quiet = { leaseMs: 2_000, onIncident: () => {} };
    const execute: ExecuteProcessCommand =
      options.execute ?? ((command, given) => this.executor.execute(command, given));
    // One for both, so that a test can come between.
    const runner = createProcessRunner({
      ...quiet,
      store,
      processes,
      ...options,
      execute,
      executeOnInstance: execute,
    });
    this.#runners.push(runner);
    return runner;
  }

  /** Another process on the same log, with other processes. */
  beside(processes: readonly AnyProcess[], others?: readonly AnyAggregate[]): Bank {
    return new Bank(this.#connectionString, processes, this.store.schema, others);
  }

  async execute(command: AnyCommand, commandId?: string) {
    return this.executor.execute(command, commandId === undefined ? {} : { commandId });
  }

  /** The types of the events of a stream, and of their inputs; without those of another process that went on with it. */
  async stream(streamId: string): Promise<readonly string[]> {
    const events = await collect(this.store.readStream(streamId));
    const inputs = events.filter(({ type }) => !type.endsWith('.continued'));
    return inputs.map(({ type, data }) => {
      const { input } = data as { readonly input?: { readonly type: string } };
      return input === undefined ? type : `${type} ${input.type}`;
    });
  }

  async balance(id: string): Promise<number> {
    const { state } = await this.executor.load(account, id);
    return (state as { readonly cents: number }).cents;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const runner of this.#runners) await runner.stop();
    await this.executor[Symbol.asyncDispose]();
    await this.store.close();
  }
}

/** Opens a bank with the tables of its processes. */
export async function openBank(
  connectionString: string,
  processes: readonly AnyProcess[],
  others?: readonly AnyAggregate[],
): Promise<Bank> {
  const bank = new Bank(connectionString, processes, undefined, others);
  await bank.store.migrate();
  await bank.runner().migrate();
  return bank;
}

/** `test` with a bank of its own that has transfers, and two accounts. */
export const test = databaseTest()
  .extend('connectionString', { scope: 'file' }, ({ database }) => database.connectionString)
  .extend('bank', async ({ connectionString }, fixture) => {
    const bank = disposeAfter(fixture, await openBank(connectionString, [transfer]));
    await bank.execute(account.command.open('a', { cents: 1_000 }));
    await bank.execute(account.command.open('b', { cents: 0 }));
    return bank;
  });

export const make = (id: string, cents = 300) => request.command.make(id, { from: 'a', to: 'b', cents });
