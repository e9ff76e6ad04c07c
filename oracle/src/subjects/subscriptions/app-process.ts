import { setTimeout as delay } from 'node:timers/promises';
import { LeftfoldError } from '@leftfold/core';
import { createApp } from 'leftfold';
import pg from 'pg';
import { Journal } from '../../journal.ts';
import { isOutage } from '../../outage.ts';
import { receiveTask, serve } from '../../process/serve.ts';
import { Random } from '../../random.ts';
import { item, NEVER_CURED, READERS_THAT_FAIL } from './items.ts';
import { recordEffect } from './effects.ts';
import { LEASE_MS } from './lease.ts';
import { definitionsOf, type Release } from './release.ts';

/** Which release a process runs. */
export interface Deployment {
  readonly release: Release;
  /** Milliseconds for which the process runs nothing before. */
  readonly awayMs: number;
  /** Whether it executes commands beside its subscriptions. */
  readonly commands: boolean;
}

/** What this subject tells its processes. */
export type Order = ({ readonly do: 'deploy' } & Deployment) | { readonly do: 'stop' };

export interface AppTask {
  readonly name: string;
  readonly url: string;
  /** Where effects are recorded, whatever becomes of the network. */
  readonly effectsUrl: string;
  readonly journal: string;
  readonly seed: number;
  readonly maxConnections: number;
  readonly first: Order;
}

const ITEMS = 40;
const GROUPS = 8;
/** Commands under way at one time. */
const CONCURRENCY = 6;

const task = receiveTask<AppTask>();
const random = new Random(task.seed, `app ${task.name} ${task.generation}`);
using journal = new Journal(task.journal);
let wanted: Order = task.first;
let superseded = new AbortController();

const oneLine = (error: unknown) => String(error).replaceAll('\n', ' ').slice(0, 500);

const inSomeSeconds = () => performance.now() + random.between(1_000, 5_000);
let nextPause = inSomeSeconds();

/**
 * Pauses this process as a signal does, at the worst moment: when it goes on, its batch is ready to be written, and it
 * has not looked at its leases.
 */
function pauseAtTimes(): void {
  if (performance.now() < nextPause || !('commands' in wanted && wanted.commands)) return;
  journal.write('paused');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, random.between(LEASE_MS, 3 * LEASE_MS));
  nextPause = inSomeSeconds();
}

function startApp({ release }: Deployment, effects: pg.Pool) {
  return createApp({
    ...definitionsOf(release, { effect: (effect) => recordEffect(effects, effect), midBatch: pauseAtTimes }),
    database: {
      url: task.url,
      maxConnections: task.maxConnections,
      waitMs: 60_000,
      answerTimeoutMs: 4_000,
    },
    subscriptions: {
      owner: `${task.name}.${task.generation}`,
      leaseMs: LEASE_MS,
      batchTimeoutMs: 10_000,
      stopTimeoutMs: 3_000,
      retry: { attempts: 2, firstDelayMs: 20, maxDelayMs: 200 },
      release: `r${release.number}`,
      onIncident: ({ subscription, error }) => {
        const code = LeftfoldError.is(error) ? error.code : 'unknown';
        const { name = 'leases', version = 0, slice = 0 } = subscription ?? {};
        journal.write('incident', `${name}@${version}/${slice}`, code, oneLine(error));
      },
    },
  });
}

type RunningApp = Awaited<ReturnType<typeof startApp>>;

function nextCommand({ release }: Deployment) {
  const id = String(random.rank(ITEMS));
  const amount = random.between(1, 1_000);
  if (random.chance(0.25)) return item.command.touch(id, { amount });
  const before = random.chance(0.2) ? NEVER_CURED : release.number + random.between(1, 2);
  const poison = random.chance(0.015) ? { for: random.pick(READERS_THAT_FAIL), before } : null;
  return item.command.add(id, { amount, group: `group-${random.between(1, GROUPS)}`, poison });
}

async function execute(app: RunningApp, deployment: Deployment): Promise<void> {
  while (wanted === deployment) {
    try {
      const result = await app.execute(nextCommand(deployment));
      if (result.outcome === 'accepted') for (const { id } of result.events) journal.write('ack', id);
    } catch (error) {
      if (!isOutage(error)) journal.write('bad', 'execute:', oneLine(error));
      await delay(50);
    }
    await delay(random.between(5, 60));
  }
}

/** Runs a release until another one is wanted. */
async function run(deployment: Deployment, effects: pg.Pool): Promise<void> {
  const { signal } = superseded;
  const waiting = delay(deployment.awayMs, undefined, { signal }).catch(() => {});
  await waiting;
  if (wanted !== deployment) return;
  let app: RunningApp;
  try {
    app = await startApp(deployment, effects);
  } catch (error) {
    if (!isOutage(error)) journal.write('bad', 'createApp:', oneLine(error));
    await delay(100);
    return;
  }
  journal.write('started', deployment.release.number);
  const work = Array.from({ length: deployment.commands ? CONCURRENCY : 0 }, () => execute(app, deployment));
  await Promise.all(work);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await app.close();
  journal.write('closed', deployment.release.number);
}

const onOrder = (order: Order) => {
  wanted = order;
  superseded.abort();
  superseded = new AbortController();
};
await serve(onOrder, async () => {
  const effects = new pg.Pool({ connectionString: task.effectsUrl, max: 5, application_name: 'effects' });
  effects.on('error', () => {});
  while (wanted.do === 'deploy') await run(wanted, effects);
  await effects.end();
});
