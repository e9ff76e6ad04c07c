import { type CommandExecutor, createCommandExecutor } from '@leftfold/commands';
import type { AnyAggregate, AnyDecision, AnyProcess, CustomMetadata } from '@leftfold/core';
import { createEventStore, type PostgresEventStore } from '@leftfold/event-store';
import {
  createProcessRunner,
  type ExecuteProcessCommand,
  instanceAggregates,
  type ProcessRunner,
  type ProcessRunnerOptions,
} from '@leftfold/processes';
import { account, request, transfer } from './bank.ts';
import { booking, office, purse, room, seat, trip } from './trips.ts';

const appAggregates: readonly AnyAggregate[] = [account, request, trip, seat, room, purse, office];
export const appProcesses: readonly AnyProcess[] = [transfer, booking];

/** How long the leases of the processes last. */
export const LEASE_MS = 1_200;

export interface OpenedAppOptions {
  readonly connectionString: string;
  readonly maxConnections?: number;
  /** @default those of the app */
  readonly aggregates?: readonly AnyAggregate[];
  /** @default those of the app */
  readonly processes?: readonly AnyProcess[];
}

type Executor = CommandExecutor<AnyAggregate, AnyDecision, CustomMetadata>;

/** The parts that `createApp` puts together, so that what the engine executes can be changed from outside. */
export class OpenedApp implements AsyncDisposable {
  readonly store: PostgresEventStore;
  readonly executor: Executor;
  readonly #processes: readonly AnyProcess[];
  readonly #runners: ProcessRunner[] = [];

  constructor({ connectionString, maxConnections = 10, ...given }: OpenedAppOptions) {
    const { aggregates = appAggregates, processes = appProcesses } = given;
    const all = [...aggregates, ...instanceAggregates(processes)];
    const events = all.map((aggregate) => aggregate.events);
    this.#processes = processes;
    this.store = createEventStore({ connectionString, events, maxConnections, answerTimeoutMs: 4_000 });
    this.executor = createCommandExecutor({ store: this.store, aggregates: all });
  }

  /** A runner that ends with the app. */
  runner(execute: ExecuteProcessCommand, options: Partial<ProcessRunnerOptions> = {}): ProcessRunner {
    const runner = createProcessRunner({
      store: this.store,
      processes: this.#processes,
      execute,
      // One for both, so that a control can come between.
      executeOnInstance: execute,
      leaseMs: LEASE_MS,
      batchTimeoutMs: 50_000,
      stopTimeoutMs: 3_000,
      onIncident: () => {},
      ...options,
    });
    this.#runners.push(runner);
    return runner;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const runner of this.#runners) await runner.stop();
    await this.executor[Symbol.asyncDispose]();
    await this.store.close();
  }
}
