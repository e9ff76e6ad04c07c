import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../../faults/fault.ts';
import { readJournal } from '../../journal.ts';
import { RestartedProcess } from '../../process/restarted-process.ts';
import type { Findings, Ground, Trial, Violation } from '../../subject.ts';
import type { AppTask, Order } from './app-process.ts';
import { BuiltTakeovers } from './built-takeovers.ts';
import { judge } from './judge.ts';
import { appProcesses, LEASE_MS } from './opened-app.ts';
import { Operator } from './operator.ts';
import { readRecorded, readRest, readTotals } from './recorded.ts';

/** Instances that are begun in a minute, at most. */
const INSTANCES = 6_000;
/** How long what is left may take, and for how long nothing may change. */
const CATCH_UP_MS = 180_000;
const QUIET_MS = 45_000;
const END_MS = 30_000;
const POOL_SIZES = [10, 6];

/** Processes that run one app with processes, and begin instances of them. */
export class ProcessesTrial implements Trial {
  readonly processes: readonly RestartedProcess[];
  readonly #ground: Ground;
  readonly #operator: Operator;
  readonly #takeovers: BuiltTakeovers;

  constructor(ground: Ground) {
    this.#ground = ground;
    this.#operator = new Operator(ground.connectionString);
    const hasBar = ground.options.control?.name !== 'bar';
    this.#takeovers = new BuiltTakeovers(ground.connectionString, { hasBar });
    const { processes: length } = ground.options;
    this.processes = Array.from({ length }, (_, index) => this.#start(index));
  }

  get faults(): readonly Fault[] {
    return [
      ...this.#operator.faults,
      ...this.#takeovers.faults,
      {
        counted: 'processes paused beyond their leases',
        everyMs: [1_000, 4_000],
        inject: ({ random, pause }) =>
          random.pick(this.processes).stallFor(pause(random.between(LEASE_MS, 3 * LEASE_MS))),
      },
    ];
  }

  /** A process that was killed takes seconds to start. */
  get pace(): number {
    return 2;
  }

  progress(): Promise<string> {
    return readTotals(this.#ground.connectionString);
  }

  async finish(): Promise<Findings> {
    const { connectionString } = this.#ground;
    const began = performance.now();
    for (const each of this.processes) each.tell({ do: 'calm' } satisfies Order);
    const stuck = await this.#untilSettled();
    const settled = performance.now();
    const races = await this.#raceOnce();
    for (const each of this.processes) each.tell({ do: 'stop' } satisfies Order);
    for (const each of this.processes) await each.ended(END_MS);
    const recorded = await readRecorded(connectionString);
    const made = this.#lines().filter(([kind]) => kind === 'made');
    const inputs = (type: string) =>
      recorded.facts.filter(({ data }) => (data['input'] as { type?: string } | undefined)?.type === type)
        .length;
    return {
      violations: [
        ...stuck,
        ...races,
        ...this.#judgeProcesses(),
        ...judge(
          recorded,
          made.map(([, id = '']) => id),
        ),
      ],
      summary: [
        `Instances: ${recorded.instances.length}: ${await readTotals(connectionString)}.`,
        `Log:       ${recorded.facts.length} events; ${inputs('rejected')} rejections and ${inputs('deadline')} deadlines were inputs.`,
        `Apps:      ${this.#lines().filter(([kind]) => kind === 'paused').length} paused before they recorded a rejection; their clocks were wrong by hours.`,
        `Then:      everything was done after ${Math.round(settled - began)} ms.`,
      ],
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#operator[Symbol.asyncDispose]();
  }

  /** The second one is behind the unreliable network. */
  #start(index: number): RestartedProcess {
    const { connectionString, unreliableConnectionString, options } = this.#ground;
    const name = `app-${index + 1}`;
    return new RestartedProcess(name, new URL('./app-process.ts', import.meta.url), {
      name,
      url: index % 3 === 1 ? unreliableConnectionString : connectionString,
      journal: this.#journalOf(name),
      seed: options.seed,
      maxConnections: POOL_SIZES[index % POOL_SIZES.length] ?? 1,
      perSecond: Math.ceil(INSTANCES / 60 / options.processes),
      randomIds: options.control?.name === 'ids',
    } satisfies AppTask);
  }

  #journalOf(name: string): string {
    return join(this.#ground.folder, `${name}.journal`);
  }

  #lines(): readonly (readonly string[])[] {
    return this.processes.flatMap(({ name }) => readJournal(this.#journalOf(name)));
  }

  /** Until every instance has ended or waits for a deadline that is far away, or nothing changes any more. */
  async #untilSettled(): Promise<readonly Violation[]> {
    const names = appProcesses.map(({ name }) => name);
    const deadline = performance.now() + CATCH_UP_MS;
    let seen = '';
    let seenAt = performance.now();
    for (;;) {
      await this.#operator.settle();
      const rest = await readRest(this.#ground.connectionString, names);
      if (rest.behind === 0 && rest.open === 0) return [];
      const now = performance.now();
      const text = JSON.stringify(rest);
      if (text !== seen) [seen, seenAt] = [text, now];
      if (now > deadline || now - seenAt > QUIET_MS)
        return [{ kind: 'stuck', text: `not done, or nothing changes: ${text}; ${this.#lastWords()}` }];
      await delay(200);
    }
  }

  /** Without other faults: each run has each race once. */
  async #raceOnce(): Promise<readonly Violation[]> {
    const missed: Violation[] = [];
    for (const late of ['answer', 'action'] as const)
      if (!(await this.#takeovers.race(late)))
        missed.push({ kind: 'faults', text: `the race with a late ${late} did not come to its end` });
    await this.#takeovers.settle();
    return missed;
  }

  #lastWords(): string {
    const last = this.processes.map(({ name }) => {
      const lines = readJournal(this.#journalOf(name)).filter(([kind]) => kind !== 'made');
      return `${name}: ${lines.at(-1)?.join(' ') ?? 'nothing'}`;
    });
    return last.join(' | ');
  }

  #judgeProcesses(): readonly Violation[] {
    return this.processes.flatMap(({ name, failure }) => [
      ...(failure === undefined ? [] : [{ kind: 'process', text: `process ${name}: ${failure}` }]),
      ...readJournal(this.#journalOf(name)).flatMap(([kind, ...words]) =>
        kind === 'bad' || kind === 'halted'
          ? [{ kind: 'process', text: `process ${name}: ${words.join(' ')}` }]
          : [],
      ),
    ]);
  }
}
