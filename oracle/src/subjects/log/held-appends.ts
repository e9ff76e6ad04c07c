import { setTimeout as delay } from 'node:timers/promises';
import { createEventStore } from '@leftfold/event-store';
import pg from 'pg';
import { withClient } from '../../faults/every-subject.ts';
import type { Fault, FaultRun } from '../../faults/fault.ts';
import { Journal } from '../../journal.ts';
import { eventAt, ledgerEvents } from './ledger.ts';

/** Appends whose transactions stay open: readers have to wait for them, and for nothing else. */
export class HeldAppends implements Disposable {
  readonly faults: readonly Fault[];
  readonly #connectionString: string;
  readonly #journal: Journal;
  #appends = 0;

  /** @param journal where these appends are recorded, as a writer would. */
  constructor(connectionString: string, journal: string) {
    this.#connectionString = connectionString;
    this.#journal = new Journal(journal);
    this.faults = [
      { counted: 'appends held open', everyMs: [300, 2_000], inject: (during) => this.#hold(during) },
      { counted: 'appends prepared', everyMs: [300, 2_000], inject: (during) => this.#prepare(during) },
    ];
  }

  [Symbol.dispose](): void {
    this.#journal[Symbol.dispose]();
  }

  /** In a session that stays open, and is rolled back now and then. */
  async #hold({ random, pause }: FaultRun): Promise<boolean> {
    const undo = random.chance(0.3);
    return this.#append(random.between(1, 40), undo, async (client) => {
      await pause(random.between(100, 2_500));
      await client.query(undo ? 'rollback' : 'commit');
    });
  }

  /** Without a session, as a prepared transaction, which outlives a crash. */
  async #prepare({ random, pause }: FaultRun): Promise<boolean> {
    const undo = random.chance(0.3);
    return this.#append(random.between(1, 40), undo, async (client, name) => {
      await client.query(`prepare transaction '${name}'`);
      await client.end();
      await pause(random.between(50, 1_500));
      await this.#finishPrepared(name, undo);
    });
  }

  /** Tries until it is done: a prepared transaction that is left would hold up readers for good. */
  async #finishPrepared(name: string, undo: boolean): Promise<void> {
    for (;;) {
      try {
        await withClient(this.#connectionString, async (client) => {
          const { rowCount } = await client.query('select from pg_prepared_xacts where gid = $1', [name]);
          if (rowCount === 1) await client.query(`${undo ? 'rollback' : 'commit'} prepared '${name}'`);
        });
        return;
      } catch {
        await delay(100);
      }
    }
  }

  /** @param finish ends the transaction. */
  async #append(
    amount: number,
    undo: boolean,
    finish: (client: pg.Client, name: string) => Promise<void>,
  ): Promise<boolean> {
    const number = (this.#appends += 1);
    const append = `held.1.${number}`;
    const events = Array.from({ length: amount }, (_, index) =>
      eventAt({ append, index, of: amount, expected: null, basedOn: null, excluded: null }),
    );
    const connectionString = this.#connectionString;
    const client = new pg.Client({ connectionString });
    client.on('error', () => {});
    await client.connect();
    await using store = createEventStore({ connectionString, events: [ledgerEvents], listen: false });
    try {
      await client.query('begin');
      // To a stream of its own: it delays readers, as it may, and no writer.
      const result = await store.append(`audit-held-${number}`, events, { transaction: client });
      await finish(client, `held_${number}`);
      const places = result.events.map(({ position, streamVersion }) => `${position}:${streamVersion}`);
      if (undo) this.#journal.write('undone', append);
      else this.#journal.write('ack', append, places.join());
      return true;
    } catch {
      this.#journal.write('unknown', append);
      return false;
    } finally {
      await client.end().catch(() => {});
    }
  }
}
