import { join } from 'node:path';
import { createApp } from 'leftfold';
import type { Fault } from '../../faults/fault.ts';
import { withClient } from '../../faults/every-subject.ts';
import { readJournal } from '../../journal.ts';
import { RestartedProcess } from '../../process/restarted-process.ts';
import type { Findings, Ground, Trial, Violation } from '../../subject.ts';
import { projections } from './counters.ts';
import type { Order, ReadingTask } from './reading-process.ts';

const END_MS = 60_000;
const LONGEST_PACE = 4;
/** A run that is longer has as many resets and rebuilds in each time of this length. */
const LONGEST_SECONDS = 240;

/** Processes that write and read what they have written. */
export class ReadsTrial implements Trial {
  readonly processes: readonly RestartedProcess[];
  readonly #ground: Ground;

  constructor(ground: Ground) {
    this.#ground = ground;
    const { folder, connectionString, unreliableConnectionString, options } = ground;
    this.processes = Array.from({ length: options.processes }, (_, index) => {
      const name = `reads-${index + 1}`;
      return new RestartedProcess(name, new URL('./reading-process.ts', import.meta.url), {
        name,
        // The last one is behind the unreliable network.
        url: index > 0 && index === options.processes - 1 ? unreliableConnectionString : connectionString,
        journal: join(folder, `${name}.journal`),
        seed: options.seed,
        control: options.control !== undefined,
      } satisfies ReadingTask);
    });
  }

  get faults(): readonly Fault[] {
    const { connectionString, options } = this.#ground;
    const shortest = Math.min(options.seconds, LONGEST_SECONDS);
    return [
      {
        counted: 'read models locked',
        everyMs: [200, 1_500],
        inject: async ({ random, pause }) => {
          const { name, version } = random.pick(projections);
          await withClient(connectionString, async (client) => {
            const mode = random.chance(0.2) ? 'access exclusive' : 'share row exclusive';
            await client.query(`begin; lock table leftfold__${name}_v${version}.${name} in ${mode} mode`);
            await pause(random.between(50, 700));
            await client.query('rollback');
          });
          return true;
        },
      },
      {
        counted: 'projections reset',
        everyMs: [shortest * 150, shortest * 300],
        inject: async ({ random }) => {
          await using operator = await this.#startOperator();
          await operator.projections.reset(random.pick(projections));
          return true;
        },
      },
      {
        counted: 'projections rebuilt',
        everyMs: [shortest * 150, shortest * 300],
        inject: async ({ random, signal }) => {
          await using operator = await this.#startOperator();
          await operator.projections.rebuild(random.pick(projections), { signal });
          return true;
        },
      },
    ];
  }

  /** A killed process takes seconds to start: with the pace of a short run, a long one would do little else. */
  get pace(): number {
    return Math.min(LONGEST_PACE, Math.max(1, this.#ground.options.seconds / 60));
  }

  isDone(): boolean {
    const { pairs } = this.#ground.options;
    return pairs !== undefined && this.#totals().pairs >= pairs;
  }

  async progress(): Promise<string> {
    return `${this.#totals().pairs} pairs`;
  }

  async finish(): Promise<Findings> {
    for (const each of this.processes) each.tell({ do: 'stop' } satisfies Order);
    for (const each of this.processes) await each.ended(END_MS);
    const violations: Violation[] = [];
    for (const { name, failure } of this.processes)
      if (failure !== undefined) violations.push({ kind: 'process', text: `process ${name}: ${failure}` });
    for (const { name, lines } of this.#journals())
      for (const [kind = '', ...words] of lines)
        if (kind === 'stale' || kind === 'bad')
          violations.push({
            kind: kind === 'bad' ? 'process' : kind,
            text: `process ${name}: ${words.join(' ')}`,
          });
    const { pairs, late, staleWithout } = this.#totals();
    const { pairs: wanted = 1, seconds } = this.#ground.options;
    if (pairs > 0 && pairs < wanted)
      violations.push({ kind: 'process', text: `only ${pairs} of ${wanted} pairs in ${seconds} s` });
    if (pairs === 0) violations.push({ kind: 'process', text: 'no process has read what it wrote' });
    return {
      violations,
      summary: [
        `Pairs:     ${pairs} of a write and a read; ${late} more reads were not made in time.`,
        `Stale:     ${violations.filter(({ kind }) => kind === 'stale').length} reads that had to be recent, ${staleWithout} that were asked for nothing.`,
      ],
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #startOperator() {
    return createApp({
      projections,
      database: { url: this.#ground.connectionString, maxConnections: 2 },
      subscriptions: { run: false, onIncident: () => {} },
    });
  }

  #totals() {
    const totals = { pairs: 0, late: 0, staleWithout: 0 };
    for (const { lines } of this.#journals()) {
      for (const [kind, pairs, late, staleWithout] of lines) {
        if (kind !== 'pairs') continue;
        totals.pairs += Number(pairs);
        totals.late += Number(late);
        totals.staleWithout += Number(staleWithout);
      }
    }
    return totals;
  }

  #journals() {
    return this.processes.map(({ name }) => ({
      name,
      lines: readJournal(join(this.#ground.folder, `${name}.journal`)),
    }));
  }
}
