import { join } from 'node:path';
import { withClient } from '../../faults/every-subject.ts';
import type { Fault } from '../../faults/fault.ts';
import { readJournal } from '../../journal.ts';
import { RestartedProcess } from '../../process/restarted-process.ts';
import type { Findings, Ground, Trial, Violation } from '../../subject.ts';
import { BuiltRaces } from './built-races.ts';
import type { DecidingTask, Order } from './deciding-process.ts';
import { Facts, readFacts } from './facts.ts';
import { brokenRules } from './invariants.ts';
import { judgeAppends, judgeConditions } from './judge-appends.ts';
import { type Counts, judgeTold } from './judge-told.ts';

const END_MS = 60_000;
const POOL_SIZES = [10, 2, 4];

/** Processes that decide in one log. */
export class DecisionsTrial implements Trial {
  readonly processes: readonly RestartedProcess[];
  readonly #ground: Ground;
  readonly #races: BuiltRaces;

  constructor(ground: Ground) {
    this.#ground = ground;
    const { options, connectionString, unreliableConnectionString } = ground;
    // Every second one is behind the unreliable network.
    this.processes = Array.from({ length: options.processes }, (_, index) => {
      const name = `decider-${index + 1}`;
      return new RestartedProcess(name, new URL('./deciding-process.ts', import.meta.url), {
        name,
        connectionString: index % 2 === 1 ? unreliableConnectionString : connectionString,
        journal: this.#journalOf(name),
        seed: options.seed,
        maxConnections: POOL_SIZES[index % POOL_SIZES.length] ?? 1,
        concurrency: 8,
      } satisfies DecidingTask);
    });
    this.#races = new BuiltRaces(connectionString, this.#journalOf('races'), {
      isLocked: options.control === undefined,
    });
  }

  get faults(): readonly Fault[] {
    return this.#races.faults;
  }

  progress(): Promise<string> {
    return withClient(this.#ground.connectionString, async (client) => {
      const { rows } = await client.query<{ top: string }>(
        'select last_value::text as top from leftfold.event_position',
      );
      return `position ${rows[0]?.top}`;
    });
  }

  async finish(): Promise<Findings> {
    for (const each of this.processes) each.tell({ do: 'stop' } satisfies Order);
    for (const each of this.processes) await each.ended(END_MS);
    const facts = new Facts(await readFacts(this.#ground.connectionString));
    const counts: Counts = { acknowledged: 0, rejected: 0, undone: 0, unknown: 0, refused: 0 };
    const lines = [...this.processes.map(({ name }) => name), 'races'].flatMap((name) =>
      readJournal(this.#journalOf(name)),
    );
    const violations: readonly Violation[] = [
      ...this.processes.flatMap(({ name, failure }) =>
        failure === undefined ? [] : [{ kind: 'process', text: `process ${name}: ${failure}` }],
      ),
      ...judgeConditions(facts).map((text) => ({ kind: 'condition', text })),
      ...judgeAppends(facts).map((text) => ({ kind: 'append', text })),
      ...judgeTold(facts, lines, counts),
      ...brokenRules(facts.all).map((text) => ({ kind: 'rule', text })),
    ];
    return { violations, summary: summaryOf(facts, counts) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#races[Symbol.dispose]();
    return Promise.resolve();
  }

  #journalOf(name: string): string {
    return join(this.#ground.folder, `${name}.journal`);
  }
}

function summaryOf(facts: Facts, counts: Counts): readonly string[] {
  const conditioned = new Map<string, number>();
  for (const [first] of facts.byAppend.values()) {
    if (first?.basis?.condition == null) continue;
    const what = first.decision ?? 'by hand';
    conditioned.set(what, (conditioned.get(what) ?? 0) + 1);
  }
  const kinds = [...conditioned].map(([what, count]) => `${what} ${count}`).join(', ');
  const { acknowledged, rejected, refused, undone, unknown } = counts;
  return [
    `Committed: ${facts.all.length} events of ${facts.byAppend.size} appends. Under a condition: ${kinds}.`,
    `Told:      ${acknowledged} acknowledged, ${rejected} rejected by a rule, ${refused} refused by a condition, ${undone} not made, ${unknown} with an unknown outcome.`,
  ];
}
