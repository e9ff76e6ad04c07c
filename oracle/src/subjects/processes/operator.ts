import { LeftfoldError } from '@leftfold/core';
import type { ProcessRunner } from '@leftfold/processes';
import { withClient } from '../../faults/every-subject.ts';
import type { Fault } from '../../faults/fault.ts';
import { executedBy } from './executed-otherwise.ts';
import { OpenedApp } from './opened-app.ts';
import { booking, office, officeId, OFFICES, seat } from './trips.ts';

const reason = 'the oracle';

/** Opens and closes offices, cancels bookings, pauses and resumes instances, and lets those go on that are stuck. */
export class Operator implements AsyncDisposable {
  readonly faults: readonly Fault[];
  readonly #connectionString: string;
  readonly #app: OpenedApp;
  /** It is not started: others run the processes. */
  readonly #runner: ProcessRunner;

  constructor(connectionString: string) {
    this.#connectionString = connectionString;
    this.#app = new OpenedApp({ connectionString, maxConnections: 4 });
    const { executor } = this.#app;
    this.#runner = this.#app.runner(executedBy(executor));
    const withOne = (status: string, process: string, action: (id: string) => Promise<void>) => async () => {
      const [id] = await this.#find(status, process, 1);
      return id !== undefined && (await unlessRefused(action(id)));
    };
    const each = ['transfer', 'booking'];
    this.faults = [
      {
        counted: 'offices closed for a while',
        everyMs: [500, 3_000],
        inject: async ({ random, pause }) => {
          const id = officeId(random.between(1, OFFICES));
          await executor.execute(office.command.close(id, {}));
          await pause(random.between(200, 3_000));
          await executor.execute(office.command.open(id, {}));
          return true;
        },
      },
      {
        counted: 'bookings cancelled',
        everyMs: [100, 1_000],
        inject: withOne('running', 'booking', (id) => this.#runner.cancel(booking, id, { reason })),
      },
      {
        counted: 'stuck bookings retried',
        everyMs: [200, 1_000],
        inject: withOne('failed', 'booking', (id) => this.#retry(id)),
      },
      ...each.flatMap((name) => [
        {
          counted: `instances of ${name} paused`,
          everyMs: [100, 1_000] as const,
          inject: withOne('running', name, (id) => this.#runner.pauseInstance({ name }, id, { reason })),
        },
        {
          counted: `instances of ${name} resumed`,
          everyMs: [100, 800] as const,
          inject: withOne('paused', name, (id) => this.#runner.resumeInstance({ name }, id, { reason })),
        },
      ]),
    ];
  }

  /** Lets everything go on: offices are open, nothing is paused or stuck. Called again and again until nothing is left. */
  async settle(): Promise<void> {
    for (let number = 1; number <= OFFICES; number += 1)
      await this.#app.executor.execute(office.command.open(officeId(number), {}), {
        commandId: `settle ${number}`,
      });
    for (const name of ['transfer', 'booking'])
      for (const id of await this.#find('paused', name, 1_000))
        await unlessRefused(this.#runner.resumeInstance({ name }, id, { reason }));
    for (const id of await this.#find('failed', 'booking', 1_000)) await unlessRefused(this.#retry(id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app[Symbol.asyncDispose]();
  }

  async #retry(id: string): Promise<void> {
    await this.#app.executor.execute(seat.command.loosen(id, {}), { commandId: `loosen ${id}` });
    await this.#runner.retry(booking, id, { reason });
  }

  #find(status: string, process: string, limit: number): Promise<readonly string[]> {
    return withClient(this.#connectionString, async (client) => {
      const { rows } = await client.query<{ id: string }>(
        `select id from leftfold.process_instances where process = $1 and status = $2 order by random() limit $3`,
        [process, status, limit],
      );
      return rows.map(({ id }) => id);
    });
  }
}

/** The table says how an instance was a moment before. */
async function unlessRefused(operation: Promise<void>): Promise<boolean> {
  try {
    await operation;
    return true;
  } catch (error) {
    if (LeftfoldError.is(error) && error.code === 'PROCESS_OPERATION_REFUSED') return false;
    throw error;
  }
}
