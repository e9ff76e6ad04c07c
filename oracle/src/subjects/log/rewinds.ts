import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { withClient } from '../../faults/every-subject.ts';
import type { Fault, FaultRun } from '../../faults/fault.ts';
import { type Committed, readCommitted } from './committed.ts';

/** A log that was replaced by an earlier copy of itself. */
export interface LostLog {
  /** The newest position of the copy: what is lost is after it. */
  readonly restoredTo: number;
  readonly committed: readonly Committed[];
}

const COPY = 'oracle_copy';
const LOST = 'oracle_lost';

/** Restores: the log goes back to what it was a few seconds before, and goes on differently. */
export class Rewinds {
  readonly lost: LostLog[] = [];
  readonly faults: readonly Fault[];
  readonly #connectionString: string;
  readonly #name: string;

  constructor(connectionString: string, seconds: number) {
    this.#connectionString = connectionString;
    this.#name = new URL(connectionString).pathname.slice(1);
    const often = Math.min(seconds, 60);
    this.faults = [
      {
        counted: 'restores of an earlier log',
        everyMs: [often * 200, often * 350],
        inject: (during) => this.#rewind(during),
      },
    ];
  }

  async #rewind({ random, pause }: FaultRun): Promise<boolean> {
    await this.#untilDone(async (admin) => {
      await admin.query(`drop database if exists ${COPY}`);
      await admin.query(`create database ${COPY} template ${this.#name}`);
    });
    await pause(random.between(300, 3_000));
    // Each step may be the one at which the server crashes.
    await this.#untilDone(async (admin) => {
      if (!(await exists(admin, LOST))) await admin.query(`alter database ${this.#name} rename to ${LOST}`);
      await admin.query(`alter database ${LOST} allow_connections true`);
      if (!(await exists(admin, this.#name)))
        await admin.query(`alter database ${COPY} rename to ${this.#name}`);
    });
    let lost: LostLog | undefined;
    await this.#untilDone(async (admin) => {
      lost ??= await this.#compare();
      await admin.query(`drop database if exists ${LOST} with (force)`);
    }, false);
    if (lost !== undefined) this.lost.push(lost);
    return true;
  }

  async #compare(): Promise<LostLog> {
    const committed = await readCommitted(this.#urlOf(LOST));
    const placeOf = ({ position, id }: Committed) => `${position} ${id}`;
    const kept = new Set((await readCommitted(this.#connectionString)).map(placeOf));
    return { committed, restoredTo: committed.findLast((event) => kept.has(placeOf(event)))?.position ?? 0 };
  }

  /** Runs it again until it succeeds; while no one is connected to the log, unless `alone` is false. */
  async #untilDone(step: (admin: pg.Client) => Promise<void>, alone = true): Promise<void> {
    for (;;) {
      try {
        await withClient(this.#urlOf('postgres'), (admin) =>
          alone ? this.#alone(admin, step) : step(admin),
        );
        return;
      } catch {
        // A transaction is prepared, or the server is down just now.
        await delay(200);
      }
    }
  }

  async #alone(admin: pg.Client, step: (admin: pg.Client) => Promise<void>): Promise<void> {
    const allow = async (allowed: boolean) => {
      if (await exists(admin, this.#name))
        await admin.query(`alter database ${this.#name} allow_connections ${allowed}`);
    };
    try {
      await allow(false);
      await admin.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [
        this.#name,
      ]);
      await step(admin);
    } finally {
      await allow(true);
    }
  }

  #urlOf(database: string): string {
    const url = new URL(this.#connectionString);
    url.pathname = `/${database}`;
    return url.href;
  }
}

async function exists(admin: pg.Client, database: string): Promise<boolean> {
  const { rowCount } = await admin.query('select from pg_database where datname = $1', [database]);
  return rowCount === 1;
}
