import { setTimeout as delay } from 'node:timers/promises';
import type { EmbeddedPostgres } from '@leftfold/embedded';
import pg from 'pg';
import { createEventStore } from '../src/index.ts';
import type { Child } from './child.ts';
import { Journal } from './journal.ts';
import { eventAt, ledgerEvents } from './ledger.ts';
import type { Random } from './random.ts';

/** What was done to the system, for the report. */
export interface FaultCounts {
  backendsKilled: number;
  processesKilled: number;
  processesPaused: number;
  appendsHeld: number;
  appendsPrepared: number;
  crashes: number;
}

export interface FaultOptions {
  readonly server: EmbeddedPostgres;
  readonly connectionString: string;
  readonly children: readonly Child<object>[];
  readonly random: Random;
  /** Where appends that are made here are noted, as a writer would. */
  readonly journal: string;
  readonly seconds: number;
}

/** Breaks things at random until it is told to stop. */
export class Faults {
  readonly counts: FaultCounts = {
    backendsKilled: 0,
    processesKilled: 0,
    processesPaused: 0,
    appendsHeld: 0,
    appendsPrepared: 0,
    crashes: 0,
  };
  readonly #options: FaultOptions;
  readonly #journal: Journal;
  readonly #loops: Promise<void>[];
  #stopped = false;
  #appends = 0;

  constructor(options: FaultOptions) {
    this.#options = options;
    this.#journal = new Journal(options.journal);
    this.#loops = [
      this.#repeatedly(60, 500, () => this.#killBackend()),
      this.#repeatedly(1_500, 5_000, () => this.#killProcess()),
      this.#repeatedly(700, 3_000, () => this.#pauseProcess()),
      this.#repeatedly(300, 2_000, () => this.#holdAppend()),
      this.#repeatedly(300, 2_000, () => this.#prepareAppend()),
      this.#keepTransactionOpen(),
      this.#crash(),
    ];
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    this.#journal[Symbol.dispose]();
  }

  async #repeatedly(leastMs: number, mostMs: number, action: () => Promise<void>): Promise<void> {
    const { random } = this.#options;
    for (;;) {
      await this.#pause(random.between(leastMs, mostMs));
      if (this.#stopped) return;
      await action().catch(() => {}); // the database may be down just now
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    const end = Date.now() + milliseconds;
    while (!this.#stopped && Date.now() < end) await delay(Math.min(20, end - Date.now()));
  }

  async #withClient<T>(action: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: this.#options.connectionString });
    client.on('error', () => {});
    await client.connect();
    try {
      return await action(client);
    } finally {
      await client.end();
    }
  }

  async #killBackend(): Promise<void> {
    const { rowCount } = await this.#withClient((client) =>
      client.query(`
        select pg_terminate_backend(pid)
          from (select pid from pg_stat_activity where application_name like 'leftfold%' order by random() limit 1) as one`),
    );
    this.counts.backendsKilled += rowCount ?? 0;
  }

  async #killProcess(): Promise<void> {
    await this.#options.random.pick(this.#options.children).kill();
    this.counts.processesKilled += 1;
  }

  async #pauseProcess(): Promise<void> {
    const { random, children } = this.#options;
    await random.pick(children).pause(random.between(50, 1_200));
    this.counts.processesPaused += 1;
  }

  /** An append whose transaction stays open for long, and is rolled back now and then. */
  async #holdAppend(): Promise<void> {
    const { random } = this.#options;
    const undo = random.chance(0.3);
    await this.#appendBy(async (client) => {
      await this.#pause(random.between(100, 2_500));
      await client.query(undo ? 'rollback' : 'commit');
      this.counts.appendsHeld += 1;
      return undo;
    });
  }

  /** An append that waits for its second phase without a session, through a crash as well. */
  async #prepareAppend(): Promise<void> {
    const { random } = this.#options;
    const undo = random.chance(0.3);
    await this.#appendBy(async (client, name) => {
      await client.query(`prepare transaction '${name}'`);
      await client.end();
      await this.#pause(random.between(50, 1_500));
      await this.#finishPrepared(name, undo);
      this.counts.appendsPrepared += 1;
      return undo;
    });
  }

  /** A prepared transaction outlives everything: it is finished however long that takes. */
  async #finishPrepared(name: string, undo: boolean): Promise<void> {
    for (;;) {
      try {
        await this.#withClient(async (client) => {
          const { rowCount } = await client.query('select from pg_prepared_xacts where gid = $1', [name]);
          if (rowCount === 1) await client.query(`${undo ? 'rollback' : 'commit'} prepared '${name}'`);
        });
        return;
      } catch {
        await delay(100);
      }
    }
  }

  /** @param finish ends the transaction, and tells whether it was undone. */
  async #appendBy(finish: (client: pg.Client, name: string) => Promise<boolean>): Promise<void> {
    const { connectionString, random } = this.#options;
    const append = `faults.1.${(this.#appends += 1)}`;
    const amount = random.between(1, 40);
    const events = Array.from({ length: amount }, (_, index) =>
      eventAt({ append, index, of: amount, expected: null, excluded: null }),
    );
    const client = new pg.Client({ connectionString });
    client.on('error', () => {});
    await client.connect();
    await using store = createEventStore({ connectionString, events: [ledgerEvents], listen: false });
    try {
      await client.query('begin');
      // A stream of its own: it holds up readers, as it may, and no writer.
      const result = await store.append(`audit-held-${this.#appends}`, events, { transaction: client });
      const undone = await finish(client, append.replaceAll('.', '_'));
      const places = result.events
        .map(({ position, streamVersion }) => `${position}:${streamVersion}`)
        .join();
      if (undone) this.#journal.write('undone', append);
      else this.#journal.write('ack', append, places);
    } catch {
      this.#journal.write('unknown', append);
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** Unrelated work with an id and a snapshot of its own, from beginning to end. */
  async #keepTransactionOpen(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#withClient(async (client) => {
          await client.query('begin isolation level repeatable read');
          await client.query('create table unrelated (id integer)');
          await client.query('select count(*) from leftfold.events');
          while (!this.#stopped) {
            await client.query('select 1');
            await this.#pause(200);
          }
          await client.query('rollback');
        });
      } catch {
        await delay(100);
      }
    }
  }

  async #crash(): Promise<void> {
    await this.#pause(this.#options.seconds * 500);
    if (this.#stopped) return;
    await this.#options.server.restart({ mode: 'immediate' });
    this.counts.crashes += 1;
  }
}
