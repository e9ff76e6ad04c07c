import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TcpProxy } from '@leftfold/testbed/faults';
import type { Fault } from '../../faults/fault.ts';
import { readJournal } from '../../journal.ts';
import { RestartedProcess } from '../../process/restarted-process.ts';
import type { Findings, Ground, Trial, Violation } from '../../subject.ts';
import type { Broker } from './broker.ts';
import type { ConsumerTask } from './consumer-process.ts';
import { consumerCrashes, relayCrashes } from './crash-points.ts';
import { faultsOfMessaging } from './messaging-faults.ts';
import { judge } from './judge.ts';
import { type Databases, readRecorded, readTotals, type Totals } from './recorded.ts';
import type { ShopTask } from './shop-process.ts';
import { killsOf, type MessagingTask, type Order } from './task.ts';

/** Events of a minute. */
const EVENTS = 20_000;
/** A run of less than a minute may meet some faults, and not others. */
const WHOLE_RUN_SECONDS = 60;
/** How long processes go on as before when they were not killed at all of their points. */
const KILLING_MS = 30_000;
/** How long what is left may take. */
const CATCH_UP_MS = 120_000;
/** When nothing has changed for so long, nothing will: what a killed consumer had set aside is taken by others before. */
const QUIET_MS = 20_000;
const QUIET_CONTROL_MS = 5_000;
const END_MS = 30_000;

export interface CarriedBy {
  readonly transport: string;
  readonly broker: Broker;
  readonly proxies: readonly TcpProxy[];
}

/** Processes that append and relay, and processes that consume. */
export class MessagingTrial implements Trial {
  readonly processes: readonly RestartedProcess[];
  readonly #ground: Ground;
  readonly #databases: Databases;
  readonly #carriedBy: CarriedBy;
  readonly #events: number;
  #totals: Totals | undefined;

  constructor(ground: Ground, databases: Databases, carriedBy: CarriedBy) {
    this.#ground = ground;
    this.#databases = databases;
    this.#carriedBy = carriedBy;
    const { seconds, processes: count } = ground.options;
    this.#events = Math.ceil((EVENTS * seconds) / 60);
    const shared = { events: this.#events, appendingMs: seconds * 850, startedAt: Date.now() };
    const each = Array.from({ length: count }, (_, index) => index);
    this.processes = [
      ...each.map((index) => this.#startShop(index, shared)),
      ...each.map((index) => this.#startConsumer(index)),
    ];
  }

  get faults(): readonly Fault[] {
    const { broker, proxies } = this.#carriedBy;
    const { seconds } = this.#ground.options;
    return faultsOfMessaging({
      broker,
      proxies,
      effectsUrl: this.#databases.effects,
      processes: this.processes,
      seconds,
    });
  }

  /** A process that was killed takes seconds to start, and most of them are killed at points of their own. */
  get pace(): number {
    return 3;
  }

  async progress(): Promise<string> {
    this.#totals = await readTotals(this.#databases);
    const { events, unpublished, effects } = this.#totals;
    return `${events} events, ${events - unpublished} published, ${effects} effects`;
  }

  isDone(): boolean {
    const done = this.#totals !== undefined && this.#totals.effects >= this.#events;
    return done && this.#missedCrashes().length === 0;
  }

  async finish(): Promise<Findings> {
    await this.#untilKilled();
    const began = performance.now();
    for (const each of this.processes) each.tell({ do: 'calm' } satisfies Order);
    const stuck = await this.#untilHandled();
    const settled = performance.now();
    for (const each of this.processes) each.tell({ do: 'stop' } satisfies Order);
    for (const each of this.processes) await each.ended(END_MS);
    const recorded = await readRecorded(this.#databases);
    const { facts, effects } = recorded;
    const deliveries = this.#count('delivered');
    const kills = this.#kills();
    const points = [...relayCrashes, ...consumerCrashes].map(
      (point) => `${point}: ${kills.filter((one) => one === point).length}`,
    );
    return {
      violations: [
        ...judge(recorded),
        ...stuck,
        ...this.#judgeProcesses(),
        ...this.#judgeFaults(facts.length),
      ],
      summary: [
        `Broker:    ${this.#carriedBy.broker.description}.`,
        `Events:    ${facts.length}, in ${new Set(facts.map(({ key }) => key)).size} keys; ${effects.length} effects.`,
        `Delivered: ${deliveries} messages by the broker; then ${this.#count('repeated')} were repeated, and ${this.#count('held-back')} held back.`,
        `Killed at: ${points.join('; ')}.`,
        `Then:      everything was handled after ${Math.round(settled - began)} ms.`,
      ],
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return endBroker(this.#carriedBy);
  }

  #startShop(
    index: number,
    shared: Pick<ShopTask, 'events' | 'appendingMs' | 'startedAt'>,
  ): RestartedProcess {
    const task = {
      ...this.#taskOf('shop', index, this.#databases.log),
      ...shared,
      confirmsFirst: this.#ground.options.control?.name === 'checkpoint',
    } satisfies ShopTask;
    return new RestartedProcess(task.name, new URL('./shop-process.ts', import.meta.url), task);
  }

  #startConsumer(index: number): RestartedProcess {
    const task = {
      ...this.#taskOf('consumer', index, this.#databases.effects),
      withoutInbox: this.#ground.options.control?.name === 'inbox',
    } satisfies ConsumerTask;
    return new RestartedProcess(task.name, new URL('./consumer-process.ts', import.meta.url), task);
  }

  /** The second one of two is behind unreliable networks. */
  #taskOf(kind: string, index: number, url: string): MessagingTask {
    const { folder, unreliableConnectionString: unreliable, options } = this.#ground;
    const { transport, broker, proxies } = this.#carriedBy;
    const isUnreliable = index % 2 === 1;
    const name = `${kind}-${index + 1}`;
    return {
      name,
      url: isUnreliable ? inDatabase(unreliable, databaseOf(url)) : url,
      broker: {
        transport,
        urls: isUnreliable ? proxies.map(({ connectionString }) => connectionString) : broker.urls,
      },
      journal: join(folder, `${name}.journal`),
      seed: options.seed,
      firstPoint: index / options.processes,
      killedAfterMs: [300, Math.min(8_000, options.seconds * 150)],
    };
  }

  /** Until a process was killed at each point, in a run that has to meet all of them. */
  async #untilKilled(): Promise<void> {
    if (this.#ground.options.seconds < WHOLE_RUN_SECONDS) return;
    const deadline = performance.now() + KILLING_MS;
    while (this.#missedCrashes().length > 0 && performance.now() < deadline) await delay(200);
  }

  /** Until every event had its effect and nothing is set aside, or nothing changes any more. */
  async #untilHandled(): Promise<readonly Violation[]> {
    const quietMs = this.#ground.options.control === undefined ? QUIET_MS : QUIET_CONTROL_MS;
    const deadline = performance.now() + CATCH_UP_MS;
    let seen = '';
    let seenAt = performance.now();
    for (;;) {
      const totals = await readTotals(this.#databases);
      const { events, unpublished, effects, blocked } = totals;
      if (effects >= events && unpublished === 0 && blocked === 0) return [];
      const now = performance.now();
      const text = JSON.stringify(totals);
      if (text !== seen) [seen, seenAt] = [text, now];
      if (now > deadline || now - seenAt > quietMs)
        return [{ kind: 'stuck', text: `not done after ${CATCH_UP_MS} ms, or nothing changes: ${text}` }];
      await delay(200);
    }
  }

  #judgeProcesses(): readonly Violation[] {
    return this.processes.flatMap(({ name, failure }) => [
      ...(failure === undefined ? [] : [{ kind: 'process', text: `process ${name}: ${failure}` }]),
      ...this.#linesOf(name).flatMap(([kind = '', ...words]) =>
        kind === 'bad' || kind === 'stopped'
          ? [{ kind: kind === 'bad' ? 'process' : kind, text: `process ${name}: ${words.join(' ')}` }]
          : [],
      ),
    ]);
  }

  /** Without the faults that it is about, a run proves nothing. */
  #judgeFaults(events: number): readonly Violation[] {
    if (this.#ground.options.seconds < WHOLE_RUN_SECONDS) return [];
    const deliveries = this.#count('delivered');
    const texts = this.#missedCrashes().map((point) => `no process was killed ${point}`);
    if (deliveries <= events) texts.push(`${deliveries} deliveries of ${events} events: none was repeated`);
    return texts.map((text) => ({ kind: 'faults', text }));
  }

  #missedCrashes(): readonly string[] {
    const kills = new Set(this.#kills());
    return [...relayCrashes, ...consumerCrashes].filter((point) => !kills.has(point));
  }

  #kills(): readonly string[] {
    return this.processes.flatMap(({ name }) => killsOf(this.#linesOf(name)));
  }

  #count(word: string): number {
    return this.processes.reduce(
      (sum, { name }) => sum + this.#linesOf(name).filter(([kind]) => kind === word).length,
      0,
    );
  }

  #linesOf(name: string): readonly (readonly string[])[] {
    return readJournal(join(this.#ground.folder, `${name}.journal`));
  }
}

/** Ends it, and what is in front of it. */
export async function endBroker({ broker, proxies }: Omit<CarriedBy, 'transport'>): Promise<void> {
  await Promise.all(proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
  await broker[Symbol.asyncDispose]();
}

/** The connection string of another database of the same server. */
export function inDatabase(connectionString: string, name: string): string {
  const url = new URL(connectionString);
  url.pathname = `/${name}`;
  return url.href;
}

function databaseOf(connectionString: string): string {
  return new URL(connectionString).pathname.slice(1);
}
