import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LeftfoldError } from '@leftfold/core';
import { withClient } from '../../faults/every-subject.ts';
import type { Fault, FaultRun } from '../../faults/fault.ts';
import { readJournal } from '../../journal.ts';
import { isOutage } from '../../outage.ts';
import { RestartedProcess } from '../../process/restarted-process.ts';
import type { Findings, Ground, Trial, Violation } from '../../subject.ts';
import { compareWithLog } from './history.ts';
import { lastRebuild } from './last-rebuild.ts';
import { projections } from './ledger.ts';
import { type Operator, startOperator } from './operator.ts';
import type { Order, ReaderTask } from './reader-process.ts';
import { describeCommands, type Done, linesSince, tallyOf, untilUndisturbed } from './tally.ts';
import { switchNow } from './without-wait.ts';

/** How long the last rebuild, or catching up, may take at least when the faults have ended. */
const LAST_MS = 180_000;
const LAST_MS_FOR_AN_EVENT = 0.6;
/** How often a copy is dropped at most: a long history has to be built in between. */
const DROPS_IN_A_RUN = 10;
const END_MS = 30_000;
/** That arrive, of all processes together. */
const COMMANDS_PER_SECOND = 500;

/** Ends of a rebuild that another fault, or a crash, has brought about. */
const EXPECTED: readonly string[] = ['REBUILD_DROPPED', 'REBUILD_REFUSED'];

/** Processes that write and read, and an operator that rebuilds what they read. */
export class RebuildTrial implements Trial {
  readonly processes: readonly RestartedProcess[];
  readonly faults: readonly Fault[];
  readonly #ground: Ground;
  readonly #operator: Operator;
  readonly #violations: Violation[] = [];
  readonly #lastMs: number;
  readonly #history: number;

  /** @param history how many events the log has */
  static async start(ground: Ground, history: number): Promise<RebuildTrial> {
    return new RebuildTrial(ground, history, await startOperator(ground.connectionString));
  }

  private constructor(ground: Ground, history: number, operator: Operator) {
    this.#ground = ground;
    this.#history = history;
    this.#operator = operator;
    const { processes: length, control, seconds } = ground.options;
    const runMs = seconds * 1_000;
    this.#lastMs = Math.max(LAST_MS, runMs, history * LAST_MS_FOR_AN_EVENT);
    const dropsMs = Math.max(8_000, runMs / DROPS_IN_A_RUN);
    this.processes = Array.from({ length }, (_, index) => this.#startReader(index));
    const forced: Fault = {
      counted: 'switches before the copy had caught up',
      everyMs: [300, 1_500],
      inject: () => switchNow(ground.connectionString),
    };
    this.faults = [
      { counted: 'rebuilds', everyMs: [100, 1_000], inject: (run) => this.#rebuild(run) },
      this.#operatorFault('rebuilds paused', [2_000, 6_000], async (projection, { random, pause }) => {
        await this.#operator.projections.pauseRebuild(projection);
        await pause(random.between(100, 1_500));
        await this.#operator.projections.resumeRebuild(projection);
      }),
      this.#operatorFault('copies dropped', [dropsMs, 2 * dropsMs], (projection) =>
        this.#operator.projections.dropRebuild(projection),
      ),
      ...(control ? [forced] : []),
    ];
  }

  progress(): Promise<string> {
    return withClient(this.#ground.connectionString, async (client) => {
      const { rows } = await client.query<{ text: string }>(
        `select format('%s events, copies: %s', (select last_value from leftfold.event_position),
                       (select string_agg(format('%s %s', copy.name, copy.state), ', ')
                          from leftfold.projection_copies as copy)) as text`,
      );
      return rows[0]?.text ?? '';
    });
  }

  async finish(): Promise<Findings> {
    await untilUndisturbed(() => this.#lines(), END_MS);
    const began = performance.now();
    const before = this.#lines();
    let killed = 0;
    for (const projection of projections)
      await this.#within('the last rebuild', async () => {
        killed += await lastRebuild(this.#operator, projection, {
          processes: this.processes,
          signal: AbortSignal.timeout(this.#lastMs),
        });
      });
    const seconds = (performance.now() - began) / 1_000;
    const meanwhile = tallyOf(linesSince(before, this.#lines()));
    for (const each of this.processes) each.tell({ do: 'rest' } satisfies Order);
    await this.#untilRested();
    for (const projection of projections)
      await this.#within('catching up', () =>
        this.#operator.projections.whenCaughtUp(projection, { timeoutMs: this.#lastMs }),
      );
    const rows = await compareWithLog(this.#ground.connectionString);
    for (const each of this.processes) each.tell({ do: 'stop' } satisfies Order);
    for (const each of this.processes) await each.ended(END_MS);
    for (const { name, failure } of this.processes)
      if (failure !== undefined)
        this.#violations.push({ kind: 'process', text: `process ${name}: ${failure}` });
    for (const { name, kind, text } of this.#lines()) {
      if (kind === 'part' || kind === 'stale')
        this.#violations.push({ kind: 'query', text: `${name}: ${text}` });
      if (kind === 'bad') this.#violations.push({ kind: 'process', text: `process ${name}: ${text}` });
    }
    if (meanwhile.failed > 0)
      this.#violations.push({
        kind: 'query',
        text: `${meanwhile.failed} commands and queries met an outage while nothing but the building was disturbed`,
      });
    const all = tallyOf(this.#lines());
    return {
      violations: [...this.#violations, ...rows],
      summary: [
        `Commands:  ${all.commandMs.length} executed, one in five read at once by its token.`,
        `Queries:   ${all.queries} of single rows, and of all rows; ${all.failed} of both met an outage.`,
        `Then:      both read models were rebuilt once more in ${seconds.toFixed(1)} s, with ${killed} builders killed, rolled back, and forward again. Meanwhile`,
        `           ${COMMANDS_PER_SECOND} commands a second arrived at processes that ran, ${describeCommands(meanwhile, seconds)};`,
        `           ${Math.round(meanwhile.queries / seconds)} queries a second were answered.`,
      ],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#operator.close();
  }

  /** Their last commands have been answered. */
  async #untilRested(): Promise<void> {
    const deadline = performance.now() + END_MS;
    const busy = () =>
      this.processes.filter(({ name }) => readJournal(this.#journalOf(name)).at(-1)?.[0] !== 'rested');
    while (busy().length > 0 && performance.now() < deadline) await delay(50);
    for (const { name } of busy())
      this.#violations.push({ kind: 'stuck', text: `process ${name}: does not rest after ${END_MS} ms` });
  }

  #startReader(index: number): RestartedProcess {
    const { connectionString, unreliableConnectionString, options } = this.#ground;
    const name = `reader-${index + 1}`;
    return new RestartedProcess(name, new URL('./reader-process.ts', import.meta.url), {
      name,
      url: index % 3 === 1 ? unreliableConnectionString : connectionString,
      journal: this.#journalOf(name),
      seed: options.seed,
      history: this.#history,
      commandsPerSecond: COMMANDS_PER_SECOND / options.processes,
    } satisfies ReaderTask);
  }

  /** What all processes have done so far. */
  #lines(): readonly Done[] {
    return this.processes.flatMap(({ name }) =>
      readJournal(this.#journalOf(name)).map(([kind = '', ...words]) => ({
        name,
        kind,
        text: words.join(' '),
      })),
    );
  }

  #journalOf(name: string): string {
    return join(this.#ground.folder, `${name}.journal`);
  }

  /** @returns whether it was switched; another fault may have dropped it, and outages end the wait for it */
  async #rebuild({ random, signal }: FaultRun): Promise<boolean> {
    const projection = random.pick(projections);
    const slices = projection.mode === 'inline' ? 1 : random.between(1, 3);
    const eventsPerSecond = random.chance(0.2) ? 50_000 : undefined;
    return this.#expect('rebuild', signal, () =>
      this.#operator.projections.rebuild(projection, { slices, eventsPerSecond, signal }),
    );
  }

  #operatorFault(
    counted: string,
    everyMs: Fault['everyMs'],
    act: (projection: (typeof projections)[number], run: FaultRun) => Promise<void>,
  ): Fault {
    const inject = (run: FaultRun) =>
      this.#expect(counted, run.signal, () => act(run.random.pick(projections), run));
    return { counted, everyMs, inject };
  }

  async #expect(what: string, signal: AbortSignal, act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      if (signal.aborted || isOutage(error)) return false;
      if (!LeftfoldError.is(error) || !EXPECTED.includes(error.code))
        this.#violations.push({ kind: 'operator', text: `${what}: ${String(error)}` });
      return false;
    }
  }

  async #within(what: string, work: () => Promise<void>): Promise<void> {
    const deadline = performance.now() + this.#lastMs;
    for (;;) {
      try {
        await work();
        return;
      } catch (error) {
        if (isOutage(error) && performance.now() < deadline) continue;
        const status = await this.#operator.projections.status().catch(String);
        this.#violations.push({
          kind: 'stuck',
          text: `${what}: ${String(error)}; ${JSON.stringify(status)}`,
        });
        return;
      }
    }
  }
}
