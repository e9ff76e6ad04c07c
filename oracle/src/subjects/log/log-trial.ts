import { join } from 'node:path';
import { createEventStore } from '@leftfold/event-store';
import { withClient } from '../../faults/every-subject.ts';
import { RestartedProcess } from '../../process/restarted-process.ts';
import type { Findings, Ground, Trial, Violation } from '../../subject.ts';
import { type Committed, readCommitted } from './committed.ts';
import { HeldAppends } from './held-appends.ts';
import type { HostileGuest } from './hostile-guest.ts';
import { judge, type Judgement } from './judge.ts';
import { SHARDS } from './ledger.ts';
import type { Order } from './order.ts';
import type { ReaderTask, Reading, ReadingKind } from './reader.ts';
import { type LostLog, Rewinds } from './rewinds.ts';
import type { WriterTask } from './writer.ts';

/** How long readers may take for what is left when everything else has ended. */
const CATCH_UP_MS = 90_000;
const WRITERS_END_MS = 30_000;
const POOL_SIZES = [10, 2, 1];

/** Writers and readers of one log. */
export class LogTrial implements Trial {
  readonly #ground: Ground;
  readonly #writers: readonly RestartedProcess[];
  readonly #readers: readonly RestartedProcess[];
  readonly #readings: readonly Reading[];
  readonly #held: HeldAppends;
  readonly #guest: HostileGuest;
  readonly #rewinds: Rewinds;

  constructor(ground: Ground, guest: HostileGuest) {
    this.#ground = ground;
    const groups = readingsOf(ground);
    this.#readings = groups.flat();
    this.#writers = startWriters(ground);
    this.#readers = groups.map((readings, index) => startReader(ground, readings, index));
    this.#held = new HeldAppends(ground.connectionString, this.#journalOf('held'));
    this.#guest = guest;
    this.#rewinds = new Rewinds(ground.connectionString, ground.options.seconds);
  }

  get processes(): readonly RestartedProcess[] {
    return [...this.#writers, ...this.#readers];
  }

  get faults() {
    return [...this.#held.faults, ...this.#guest.faults, ...this.#rewinds.faults];
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
    const violations: Violation[] = [];
    for (const writer of this.#writers) writer.tell({ kind: 'stop' } satisfies Order);
    for (const writer of this.#writers) await writer.ended(WRITERS_END_MS);

    const committed = await readCommitted(this.#ground.connectionString);
    const lastPosition = committed.at(-1)?.position ?? 0;
    const mark = await this.#highWaterMark();
    if (mark !== lastPosition) {
      const text = `high-water mark: is ${mark} without a writer, the newest event is at ${lastPosition}`;
      violations.push({ kind: 'high-water mark', text });
    }
    for (const reader of this.#readers) reader.tell({ kind: 'finish', target: lastPosition } satisfies Order);
    for (const reader of this.#readers) await reader.ended(CATCH_UP_MS);
    for (const { name, failure } of this.processes) {
      if (failure !== undefined) violations.push({ kind: 'process', text: `process ${name}: ${failure}` });
    }
    const journals = [...this.#writers.map(({ name }) => name), 'held'].map((name) => this.#journalOf(name));
    const judgement = judge(committed, journals, this.#readings, this.#rewinds.lost);
    return {
      violations: [...violations, ...judgement.violations],
      summary: summaryOf(committed, judgement, this.#rewinds.lost),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#held[Symbol.dispose]();
    return Promise.resolve();
  }

  async #highWaterMark(): Promise<number> {
    const { connectionString } = this.#ground;
    await using store = createEventStore({ connectionString, events: [], listen: false });
    return await store.highWaterMark();
  }

  #journalOf(name: string): string {
    return join(this.#ground.folder, `${name}.journal`);
  }
}

/** Every second one is behind the unreliable network. */
function startWriters(ground: Ground): readonly RestartedProcess[] {
  const { seed, processes } = ground.options;
  return Array.from({ length: processes }, (_, index) => {
    const name = `writer-${index + 1}`;
    return new RestartedProcess(name, new URL('./writer.ts', import.meta.url), {
      name,
      connectionString: index % 2 === 1 ? ground.unreliableConnectionString : ground.connectionString,
      journal: join(ground.folder, `${name}.journal`),
      seed,
      maxConnections: POOL_SIZES[index % POOL_SIZES.length] ?? 1,
      concurrency: 12,
    } satisfies WriterTask);
  });
}

/** What three processes read: followers of one tail, loops that ask again and again, and followers without LISTEN. */
function readingsOf({ folder, options: { seed, control } }: Ground): readonly (readonly Reading[])[] {
  const reading = (kind: ReadingKind, label: string, filter: Reading['filter'] = {}): Reading => {
    const name = `${kind}-${label}`;
    return {
      name,
      kind: control === undefined ? kind : 'newest',
      filter,
      journal: join(folder, `${name}.journal`),
    };
  };
  const types = ['ledger.marked'];
  return [
    [
      reading('subscribe', 'all'),
      reading('subscribe', 'types', { types }),
      reading('subscribe', 'category', { category: 'audit' }),
      reading('subscribe', 'tags', { tags: [`shard:${seed % SHARDS}`] }),
    ],
    [
      reading('readAll', 'all'),
      reading('readAll', 'category', { category: 'ledger' }),
      reading('readPage', 'all'),
      reading('readPage', 'types', { types, category: 'ledger' }),
    ],
    [reading('subscribe', 'polling'), reading('subscribe', 'polling-types', { types })],
  ];
}

/** The last one polls over a reliable network; the others listen over the unreliable one. */
function startReader(ground: Ground, readings: readonly Reading[], index: number): RestartedProcess {
  const name = `reader-${index + 1}`;
  const listen = index !== 2;
  return new RestartedProcess(name, new URL('./reader.ts', import.meta.url), {
    name,
    connectionString: listen ? ground.unreliableConnectionString : ground.connectionString,
    seed: ground.options.seed,
    listen,
    readings,
  } satisfies ReaderTask);
}

function summaryOf(
  committed: readonly Committed[],
  { writers, handled }: Judgement,
  lost: readonly LostLog[],
): readonly string[] {
  const { acknowledged, refused, undone, rewound, unknown } = writers;
  const lostEvents = lost.map(
    (log) => log.committed.filter(({ position }) => position > log.restoredTo).length,
  );
  const streams = new Set(committed.map(({ streamId }) => streamId)).size;
  const last = committed.at(-1)?.position ?? 0;
  return [
    `Committed: ${committed.length} events in ${streams} streams, positions up to ${last}.`,
    `Writers:   ${acknowledged} appends acknowledged, ${refused} refused by their expectation, ${undone} rolled back, ${rewound} refused since the log went back, ${unknown} with an unknown outcome; their clocks were wrong by up to a day.`,
    `Restores:  ${lost.length}, each lost the events after one moment: ${lostEvents.join(', ') || 'none'}.`,
    ...[...handled].map(([name, events]) => `Reader:    ${name.padEnd(24)} ${events} events`),
  ];
}
