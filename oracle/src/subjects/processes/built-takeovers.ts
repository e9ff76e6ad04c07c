import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { AnyCommand } from '@leftfold/core';
import type { ExecuteProcessCommand } from '@leftfold/processes';
import { Gate } from '@leftfold/testbed/waiting';
import { withClient } from '../../faults/every-subject.ts';
import type { Fault } from '../../faults/fault.ts';
import { errand, errandAggregates, till, wish } from './errands.ts';
import { executedBy, recordsRejection, withoutBar } from './executed-otherwise.ts';
import { OpenedApp } from './opened-app.ts';

/** What a former owner does late: it records that its command was rejected, or executes it. */
type Late = 'answer' | 'action';

/** How long a step of a race may take: it has no faults of its own, but those of the database. */
const STEP_MS = 20_000;
const LATE_MS = 3_000;

/**
 * Races whose order is given. An owner of a process is held in the middle of a command, which is rejected at first; another
 * one takes its lease and goes on; the till is filled on one side of it; then the former owner goes on, and knows of nothing.
 */
export class BuiltTakeovers {
  readonly faults: readonly Fault[];
  readonly #connectionString: string;
  readonly #hasBar: boolean;
  /** One at a time: they share a process. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param options.hasBar false in the control, in which nothing keeps a late answer out */
  constructor(connectionString: string, { hasBar }: { readonly hasBar: boolean }) {
    this.#connectionString = connectionString;
    this.#hasBar = hasBar;
    this.faults = (['answer', 'action'] as const).map((late) => ({
      counted: `races with a late ${late}`,
      everyMs: [1_000, 3_000],
      inject: () => this.race(late),
    }));
  }

  /** @returns whether it came to its end. Rejects when the database fails meanwhile. */
  race(late: Late): Promise<boolean> {
    const race = this.#last.then(() => this.#race(late));
    this.#last = race.catch(() => {});
    return race;
  }

  /** Lets the instances of races that were broken off come to their end. */
  async settle(): Promise<void> {
    await using app = this.#open();
    await this.#expireLeases();
    const runner = app.runner(executedBy(app.executor));
    await runner.start();
    // What an event leads to is appended while it is done, and done after that.
    for (let done = -1, top = 0; top > done; top = await app.store.highWaterMark()) {
      done = top;
      await runner.whenCaughtUp(errand, { timeoutMs: STEP_MS });
    }
  }

  async #race(late: Late): Promise<boolean> {
    const id = randomUUID();
    const held = new Gate();
    const executed = new Gate();
    await using app = this.#open();
    const isHeld = (command: AnyCommand) => (late === 'answer' ? recordsRejection(command) : takes(command));
    const [wentOn, hasGoneOn] = signalOnce();
    const former: ExecuteProcessCommand = async (command, options) => {
      if (!isHeld(command)) return app.executor.execute(command, options);
      await held.pass();
      try {
        // A process that was paused knows of no signal yet.
        return await withoutBar(app.executor, this.#hasBar)(command, { ...options, signal: undefined });
      } finally {
        hasGoneOn();
      }
    };
    const next: ExecuteProcessCommand = async (command, options) => {
      const result = await withoutBar(app.executor, this.#hasBar)(command, options);
      if (late === 'answer' && takes(command)) await executed.pass();
      return result;
    };
    const fill = () => app.executor.execute(till.command.fill(id, {}), { commandId: `fill ${id}` });
    try {
      // A race that was broken off by an outage may have left a lease that lasts.
      await this.#expireLeases();
      const first = app.runner(former, { owner: `former ${id}`, leaseMs: 60_000, stopTimeoutMs: 500 });
      await first.start();
      await app.executor.execute(wish.command.make(id, {}));
      if (!(await within(held.reached()))) return false;
      if (late === 'answer') await fill();
      const second = app.runner(next, { owner: `next ${id}`, stopTimeoutMs: 500 });
      await second.start();
      await this.#handOver(`former ${id}`);
      if (late === 'answer') {
        if (!(await within(executed.reached()))) return false;
      } else {
        await second.whenEnded(errand, id, { timeoutMs: STEP_MS });
        await fill();
      }
      held.open();
      await within(wentOn, LATE_MS);
      executed.open();
      await second.whenEnded(errand, id, { timeoutMs: STEP_MS });
      return true;
    } finally {
      held.open();
      executed.open();
    }
  }

  /** As if the process had been paused for longer than its lease. */
  #handOver(owner: string): Promise<void> {
    return withClient(this.#connectionString, async (client) => {
      const deadline = performance.now() + STEP_MS;
      for (;;) {
        // A runner adds something of its own to its name. First the runner, as a check of leases does.
        await client.query(
          'update leftfold.runners set lease_until = clock_timestamp() where starts_with(owner, $1)',
          [owner],
        );
        await client.query(
          `update leftfold.subscriptions set lease_until = clock_timestamp()
            where name = 'errand' and starts_with(owner, $1) and lease_until is not null`,
          [owner],
        );
        const { rows } = await client.query<{ owner: string | null }>(
          `select owner from leftfold.subscriptions where name = 'errand'`,
        );
        if (rows.every((row) => row.owner?.startsWith(owner) === false)) return;
        if (performance.now() > deadline) throw new Error('nobody takes the lease');
        await delay(50);
      }
    });
  }

  #expireLeases(): Promise<unknown> {
    return withClient(this.#connectionString, async (client) => {
      await client.query(
        `update leftfold.runners set lease_until = clock_timestamp()
          where starts_with(owner, 'former ') or starts_with(owner, 'next ')`,
      );
      await client.query(
        `update leftfold.subscriptions set lease_until = clock_timestamp()
          where name = 'errand' and lease_until is not null`,
      );
    });
  }

  #open(): OpenedApp {
    return new OpenedApp({
      connectionString: this.#connectionString,
      maxConnections: 6,
      aggregates: errandAggregates,
      processes: [errand],
    });
  }
}

const takes = (command: AnyCommand): boolean => 'name' in command && command.name === 'take';

function signalOnce(): readonly [happened: Promise<void>, happens: () => void] {
  let happens = () => {};
  const happened = new Promise<void>((resolve) => {
    happens = resolve;
  });
  return [happened, happens];
}

async function within(happened: Promise<void>, ms = STEP_MS): Promise<boolean> {
  const late = Symbol('late');
  const abort = new AbortController();
  const timer = delay(ms, late, { signal: abort.signal }).catch(() => late);
  const first = await Promise.race([happened, timer]);
  abort.abort();
  return first !== late;
}
