import { setTimeout as delay } from 'node:timers/promises';
import type { AnyCommand } from '@leftfold/core';
import { shiftClock } from '@leftfold/testbed/faults';
import { Journal } from '../../journal.ts';
import { isOutage } from '../../outage.ts';
import { receiveTask, serve } from '../../process/serve.ts';
import { Random } from '../../random.ts';
import { oneLine, startDespiteOutages, tryOnce, untilAborted } from '../messaging/despite-outages.ts';
import { request } from './bank.ts';
import { answeredAfterMs, confirmedAfterMs, transferRequestOf, tripRequestOf } from './load.ts';
import { LEASE_MS, OpenedApp } from './opened-app.ts';
import { pausedAtRejections, withRandomIds } from './executed-otherwise.ts';
import { room, trip } from './trips.ts';

/** What this subject tells its processes: `calm` to begin no more instances. */
export interface Order {
  readonly do: 'work' | 'calm' | 'stop';
}

export interface AppTask {
  readonly name: string;
  readonly url: string;
  readonly journal: string;
  readonly seed: number;
  readonly maxConnections: number;
  /** Instances that this process begins in a second, at most. */
  readonly perSecond: number;
  /** The control: commands have random ids. */
  readonly randomIds: boolean;
}

/** Instances of all processes that may be under way: more are not begun until some have ended. */
const MOST_OPEN = 600;
const HOUR_MS = 3_600_000;

const task = receiveTask<AppTask>();
const random = new Random(task.seed, `app ${task.name} ${task.generation}`);
using journal = new Journal(task.journal);
// Deadlines are due by the clock of the database: that of this process is wrong, and is set now and then.
using clock = shiftClock(random.pick([-HOUR_MS, HOUR_MS]));
let doing: Order['do'] = 'work';
const stopped = new AbortController();

const app = new OpenedApp({ connectionString: task.url, maxConnections: task.maxConnections });
const executed = task.randomIds ? withRandomIds(app.executor) : app.executor;
const execute = pausedAtRejections(executed, {
  random,
  pauseMs: [LEASE_MS, 3 * LEASE_MS],
  isOver: () => doing !== 'work',
  onPaused: () => journal.write('paused'),
});

const createRunner = () =>
  app.runner(execute, {
    owner: `${task.name}.${task.generation}`,
    onIncident: ({ subscription, error, stopped: hasStopped }) => {
      const { name, slice } = subscription ?? { name: 'leases', slice: 0 };
      journal.write(hasStopped ? 'halted' : 'incident', `${name}/${slice}`, oneLine(error));
    },
  });

/** Executes a command of a user until it is known what became of it. @returns whether it was accepted */
async function order(command: AnyCommand, commandId: string): Promise<boolean> {
  for (;;) {
    try {
      const { outcome } = await app.executor.execute(command, { commandId });
      return outcome === 'accepted';
    } catch (error) {
      if (!isOutage(error)) {
        journal.write('bad', 'execute:', oneLine(error));
        return false;
      }
      await delay(100);
    }
  }
}

async function beginTransfer(id: string): Promise<void> {
  const asked = transferRequestOf(task.seed, id);
  await order(request.command.make(id, asked), `make ${id}`);
  journal.write('made', `request-${id}`);
  const afterMs = confirmedAfterMs(task.seed, id, asked);
  if (afterMs === undefined) return;
  const confirm = async () => {
    await delay(afterMs);
    await order(request.command.confirm(id, {}), `confirm ${id}`);
  };
  void confirm();
}

async function beginBooking(id: string): Promise<void> {
  const asked = tripRequestOf(task.seed, id);
  await order(trip.command.request(id, asked), `request ${id}`);
  journal.write('made', `trip-${id}`);
  const afterMs = answeredAfterMs(task.seed, id, asked);
  if (afterMs === undefined) return;
  const answer = async () => {
    await delay(afterMs);
    // The saga asks for it when it gets there; it may also end before.
    for (let times = 0; times < 50 && doing !== 'stop'; times += 1) {
      if (await order(room.command.answer(id, { tripId: id }), `answer ${id} ${times}`)) return;
      await delay(200);
    }
  };
  void answer();
}

/** Instances that were begun and have not ended, as far as the operator sees. */
async function countOpen(): Promise<number> {
  const { rows } = await app.store.pool.query<{ open: number }>(
    `select ((select count(*) from leftfold.events where type in ('request.made', 'trip.requested'))
             - (select count(*) from leftfold.process_instances where status <> 'running'))::integer as open`,
  );
  return rows[0]?.open ?? 0;
}

let begun = 0;
const startedAt = performance.now();

/** As many as should be begun by now. */
async function beginSome(): Promise<void> {
  if (random.chance(0.02)) clock.step(random.pick([-HOUR_MS, HOUR_MS]));
  const wanted = Math.floor((task.perSecond * (performance.now() - startedAt)) / 1_000) - begun;
  const missing = Math.min(wanted, task.perSecond, MOST_OPEN - (await countOpen()));
  if (missing > 0) {
    const ids = Array.from({ length: missing }, () => `${task.name}.${task.generation}.${(begun += 1)}`);
    await Promise.all(ids.map((id, index) => (index % 2 === 0 ? beginTransfer(id) : beginBooking(id))));
  }
  await delay(100);
}

await serve<Order>(
  (given) => {
    doing = given.do;
    if (doing === 'stop') stopped.abort();
  },
  async () => {
    await startDespiteOutages(createRunner, journal, stopped.signal);
    while (doing === 'work') await tryOnce(journal, beginSome);
    await untilAborted(stopped.signal);
    await app[Symbol.asyncDispose]();
  },
);
