import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withClient } from '../../faults/every-subject.ts';
import { readJournal } from '../../journal.ts';
import { RestartedProcess } from '../../process/restarted-process.ts';
import type { Findings, Ground, Trial, Violation } from '../../subject.ts';
import type { AppTask, Order } from './app-process.ts';
import { Deployments } from './deployments.ts';
import { judge } from './judge.ts';
import { Operator } from './operator.ts';
import { type ParkedKey, readRecorded, readSlices, type StoredSlice } from './recorded.ts';
import { firstRelease, type Release } from './release.ts';

/** How long processes may take to run the last release: a batch, a statement or a lost connection has ended by then. */
const DEPLOY_MS = 60_000;
/** How long subscriptions may take for what is left when everything else has ended. */
const CATCH_UP_MS = 90_000;
const END_MS = 30_000;
const POOL_SIZES = [10, 6];

/** Processes that run one app. */
export class SubscriptionsTrial implements Trial {
  readonly processes: readonly RestartedProcess[];
  readonly #ground: Ground;
  readonly #deployments: Deployments;
  readonly #operator: Operator;

  constructor(ground: Ground) {
    this.#ground = ground;
    const { processes: length } = ground.options;
    this.processes = Array.from({ length }, (_, index) => this.#start(index));
    this.#deployments = new Deployments(this.processes);
    this.#operator = new Operator(ground.connectionString);
  }

  get faults() {
    return [...this.#deployments.faults, ...this.#operator.faults];
  }

  /** The control is about processes that pause in the middle of a batch: they have to live until then. */
  get pace(): number {
    return this.#ground.options.control === undefined ? 1 : 4;
  }

  progress(): Promise<string> {
    return withClient(this.#ground.connectionString, async (client) => {
      const { rows } = await client.query<{ text: string }>(
        `select format('%s events, %s parked', (select last_value from leftfold.event_position),
                       (select count(*) from leftfold.parked_events)) as text`,
      );
      return rows[0]?.text ?? '';
    });
  }

  async finish(): Promise<Findings> {
    const release = this.#deployments.finish();
    const began = performance.now();
    const violations: Violation[] = [...(await this.#untilDeployed(release))];
    const deployed = performance.now();
    violations.push(...(await this.#untilSettled(release)));
    const settled = performance.now();
    for (const each of this.processes) each.tell({ do: 'stop' } satisfies Order);
    for (const each of this.processes) await each.ended(END_MS);
    for (const { name, failure } of this.processes)
      if (failure !== undefined) violations.push({ kind: 'process', text: `process ${name}: ${failure}` });
    const journals = this.processes.map((each) => this.#journalOf(each));
    for (const { name, lines } of journals)
      for (const [kind, ...words] of lines)
        if (kind === 'bad') violations.push({ kind: 'process', text: `process ${name}: ${words.join(' ')}` });
    const recorded = await readRecorded(this.#ground.connectionString);
    const acknowledged = journals.flatMap(({ lines }) =>
      lines.filter(([kind]) => kind === 'ack').map(([, id = '']) => id),
    );
    const { facts, effects, givenUp } = recorded;
    const count = (kind: string) =>
      journals.reduce((sum, { lines }) => sum + lines.filter(([found]) => found === kind).length, 0);
    return {
      violations: [...violations, ...judge(recorded, acknowledged)],
      summary: [
        `Committed: ${facts.length} events, ${acknowledged.length} of them acknowledged to processes.`,
        `Apps:      ${count('started')} started, ${count('closed')} closed in order, the last one is release ${release.number}; ${count('paused')} paused in the middle of a batch.`,
        `Then:      the last release ran after ${Math.round(deployed - began)} ms, and had caught up ${Math.round(settled - deployed)} ms later.`,
        `Parked:    ${givenUp.reduce((sum, { positions }) => sum + positions.length, 0)} events given up.`,
        `Effects:   ${effects.length}, ${effects.length - new Set(effects.map(({ reaction, position }) => `${reaction} ${position}`)).size} of them repeated.`,
      ],
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  /** The second one of four is behind the unreliable network. */
  #start(index: number): RestartedProcess {
    const { folder, connectionString, unreliableConnectionString, options } = this.#ground;
    const name = `app-${index + 1}`;
    return new RestartedProcess(name, new URL('./app-process.ts', import.meta.url), {
      name,
      url: index % 4 === 1 ? unreliableConnectionString : connectionString,
      effectsUrl: connectionString,
      journal: join(folder, `${name}.journal`),
      seed: options.seed,
      maxConnections: POOL_SIZES[index % POOL_SIZES.length] ?? 1,
      first: { do: 'deploy', release: firstRelease, awayMs: 0, commands: true },
    } satisfies AppTask);
  }

  #journalOf({ name }: RestartedProcess) {
    return { name, lines: readJournal(join(this.#ground.folder, `${name}.journal`)) };
  }

  async #untilDeployed({ number }: Release): Promise<readonly Violation[]> {
    const late = () =>
      this.processes.filter((each) => {
        const last = this.#journalOf(each).lines.findLast(([kind]) => kind === 'started');
        return last?.[1] !== String(number);
      });
    const deadline = performance.now() + DEPLOY_MS;
    while (late().length > 0 && performance.now() < deadline) await delay(100);
    return late().map((each) => ({
      kind: 'stuck',
      text: `process ${each.name}: does not run release ${number} after ${DEPLOY_MS} ms; ${this.#lastOf(each)}`,
    }));
  }

  /** Until nothing is left to be done, and the log does not grow any more. */
  async #untilSettled(release: Release): Promise<readonly Violation[]> {
    const deadline = performance.now() + CATCH_UP_MS;
    for (;;) {
      const parked = await this.#operator.settle();
      const behind = await this.#findBehind(release);
      if (parked.length === 0 && behind.length === 0) return [];
      if (performance.now() > deadline) return this.#describe(behind, parked);
      await delay(200);
    }
  }

  #findBehind(release: Release): Promise<readonly StoredSlice[]> {
    return withClient(this.#ground.connectionString, async (client) => {
      const { rows } = await client.query<{ top: number }>(
        'select coalesce(max(position), 0)::float8 as top from leftfold.events',
      );
      const top = rows[0]?.top ?? 0;
      const slices = await readSlices(client);
      return slices.filter(
        (slice) =>
          isRunBy(release, slice) &&
          !slice.inline &&
          (slice.position < top || slice.changing || slice.failure !== null),
      );
    });
  }

  #describe(behind: readonly StoredSlice[], parked: readonly ParkedKey[]): readonly Violation[] {
    const texts = [
      ...behind.map(
        ({ name, version, slice, ...state }) => `${name}@${version}/${slice}: ${JSON.stringify(state)}`,
      ),
      ...parked.map(({ name, key, ...state }) => `${name}, parked key ${key}: ${JSON.stringify(state)}`),
      ...this.processes.map((each) => `process ${each.name}: ${this.#lastOf(each)}`),
    ];
    return texts.map((text) => ({ kind: 'stuck', text: `not done after ${CATCH_UP_MS} ms: ${text}` }));
  }

  #lastOf(each: RestartedProcess): string {
    const { lines } = this.#journalOf(each);
    const last = lines.filter(([kind]) => kind !== 'ack').slice(-3);
    return `it last wrote ${last.map((line) => line.join(' ')).join(' | ')}`;
  }
}

/** Old versions are left where they were. */
function isRunBy({ totalsVersion, noticesVersion }: Release, { name, version }: StoredSlice): boolean {
  if (name === 'totals') return version === totalsVersion;
  return name !== 'notices' || version === noticesVersion;
}
