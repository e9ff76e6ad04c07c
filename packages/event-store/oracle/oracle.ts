import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startPostgres } from '@leftfold/embedded';
import { createEventStore } from '../src/index.ts';
import { Child } from './child.ts';
import { readCommitted } from './committed.ts';
import { type FaultCounts, Faults } from './faults.ts';
import { judge, type Judgement } from './judge.ts';
import { SHARDS } from './ledger.ts';
import type { OracleOptions } from './options.ts';
import { Random } from './random.ts';
import type { ReaderTask, Reading, ReadingKind } from './reader.ts';
import type { WriterTask } from './writer.ts';

export interface OracleReport extends Judgement {
  readonly server: string;
  readonly seconds: number;
  readonly events: number;
  readonly streams: number;
  readonly lastPosition: number;
  readonly faults: FaultCounts;
}

/** How long readers may take for what is left when everybody else has ended. */
const CATCH_UP_MS = 90_000;
const POOL_SIZES = [10, 2, 1];

/** Runs writers, readers and faults for as long as asked, and judges. */
export async function runOracle(options: OracleOptions, say: (line: string) => void): Promise<OracleReport> {
  const folder = mkdtempSync(join(tmpdir(), 'leftfold-oracle-'));
  await using server = await startPostgres({ durable: true });
  const { connectionString } = server;
  say(`Postgres: ${server.description}, fsync on. Seed ${options.seed}.`);
  await using store = createEventStore({ connectionString, events: [], listen: false });
  await store.migrate();

  const writers = startWriters(options, connectionString, folder);
  const { readers, readings } = startReaders(options, connectionString, folder);
  const children: readonly Child<object>[] = [...writers, ...readers];
  const stalls: string[] = [];
  try {
    await Promise.all(children.map((child) => child.ready()));
    const faults = new Faults({
      server,
      connectionString,
      children,
      random: new Random(options.seed + 1),
      journal: join(folder, 'faults.journal'),
      seconds: options.seconds,
    });
    const begun = Date.now();
    while (Date.now() - begun < options.seconds * 1_000) {
      await delay(Math.min(5_000, Math.max(1, options.seconds * 1_000 - (Date.now() - begun))));
      const { rows } = await store.pool
        .query<{ top: string }>('select last_value::text as top from leftfold.event_position')
        .catch(() => ({ rows: [] }));
      say(`${seconds(begun)} s: position ${rows[0]?.top ?? '(down)'}, ${describe(faults.counts)}`);
    }
    await faults.stop();
    for (const writer of writers) writer.tell({ kind: 'stop' });
    for (const writer of writers) {
      if (!(await writer.ended(30_000))) stalls.push(`writer ${writer.name}: did not end within 30 s`);
    }
    const committed = await readCommitted(connectionString);
    const lastPosition = committed.at(-1)?.position ?? 0;
    const settled = await store.highWaterMark();
    if (settled !== lastPosition) {
      stalls.push(
        `settled position: is ${settled} with nobody writing, the newest event is at ${lastPosition}`,
      );
    }
    say(`${seconds(begun)} s: the writers have ended with ${committed.length} events; the readers catch up.`);
    for (const reader of readers) reader.tell({ kind: 'finish', target: lastPosition });
    for (const reader of readers) {
      if (!(await reader.ended(CATCH_UP_MS)))
        stalls.push(`reader ${reader.name}: did not come to the end of the log`);
    }
    for (const { name, exitCode, complaint } of children.filter((child) => child.exitCode !== 0)) {
      stalls.push(`process ${name}: ended with exit code ${exitCode ?? 'none'}. ${complaint}`);
    }
    const journals = [...writers.map(({ name }) => name), 'faults'].map((name) =>
      join(folder, `${name}.journal`),
    );
    const judgement = judge(committed, journals, readings);
    return {
      ...judgement,
      violations: [...stalls, ...judgement.violations],
      server: server.description,
      seconds: (Date.now() - begun) / 1_000,
      events: committed.length,
      streams: new Set(committed.map(({ streamId }) => streamId)).size,
      lastPosition,
      faults: faults.counts,
    };
  } finally {
    for (const child of children) child.abandon();
    rmSync(folder, { recursive: true, force: true });
  }
}

function startWriters({ processes, seed }: OracleOptions, connectionString: string, folder: string) {
  return Array.from({ length: processes }, (_, index) => {
    const name = `writer-${index + 1}`;
    const maxConnections = POOL_SIZES[index % POOL_SIZES.length] ?? 1;
    return new Child<WriterTask>(name, new URL('./writer.ts', import.meta.url), {
      name,
      connectionString,
      journal: join(folder, `${name}.journal`),
      seed: seed * 31 + index,
      maxConnections,
      concurrency: 12,
    });
  });
}

/** Three processes: followers of one tail, loops that ask again and again, and one that does not listen. */
function startReaders({ seed, settling }: OracleOptions, connectionString: string, folder: string) {
  const reading = (kind: ReadingKind, label: string, filter: Reading['filter'] = {}): Reading => {
    const name = `${kind}-${label}`;
    return { name, kind: settling ? kind : 'newest', filter, journal: join(folder, `${name}.journal`) };
  };
  const types = ['ledger.marked'];
  const groups = [
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
    [reading('subscribe', 'deaf'), reading('subscribe', 'deaf-types', { types })],
  ];
  const readers = groups.map(
    (readings, index) =>
      new Child<ReaderTask>(`reader-${index + 1}`, new URL('./reader.ts', import.meta.url), {
        connectionString,
        seed: seed * 37 + index,
        listen: index !== 2,
        readings,
      }),
  );
  return { readers, readings: groups.flat() };
}

const seconds = (begun: number) => ((Date.now() - begun) / 1_000).toFixed(0);

export function describe(counts: FaultCounts): string {
  return (
    `${counts.backendsKilled} backends and ${counts.processesKilled} processes killed, ${counts.processesPaused} paused, ` +
    `${counts.appendsHeld} appends held open, ${counts.appendsPrepared} prepared, ${counts.crashes} crash of the server`
  );
}
