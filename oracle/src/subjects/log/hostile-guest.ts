import { setTimeout as delay } from 'node:timers/promises';
import { withClient } from '../../faults/every-subject.ts';
import type { Fault, FaultRun } from '../../faults/fault.ts';

/** A role that may connect, and nothing else. */
const GUEST = 'oracle_guest';
const PASSWORD = 'guest';

/** What a guest can do to readers and writers: delay them. Nothing may be lost by it. */
export class HostileGuest {
  readonly faults: readonly Fault[] = [
    { counted: 'locks of a guest', everyMs: [500, 3_000], inject: (during) => this.#lock(during) },
    {
      counted: 'locks prepared by a guest',
      everyMs: [2_000, 6_000],
      inject: (during) => this.#prepare(during),
    },
    { counted: 'floods of notifications', everyMs: [1_000, 4_000], inject: (during) => this.#notify(during) },
    { counted: 'long transactions of a guest', everyMs: [0, 500], inject: (during) => this.#linger(during) },
  ];
  readonly #connectionString: string;
  readonly #guestUrl: string;

  constructor(connectionString: string) {
    this.#connectionString = connectionString;
    const url = new URL(connectionString);
    url.username = GUEST;
    url.password = PASSWORD;
    this.#guestUrl = url.href;
  }

  /** Creates the role. */
  async arrive(): Promise<void> {
    await withClient(this.#connectionString, (client) =>
      client.query(`create role ${GUEST} login password '${PASSWORD}'`),
    );
  }

  /** A lock of each kind that appends and readers use, where the next of them need it. */
  #lock({ random, pause }: FaultRun): Promise<boolean> {
    return withClient(this.#guestUrl, async (client) => {
      const { oid, top } = await this.#find();
      const exclusive = random.chance(0.5);
      await client.query(
        exclusive
          ? `select count(pg_advisory_lock($1, key)) from generate_series($2::integer, $2 + 200) as key`
          : 'select pg_advisory_lock_shared($1, $2)',
        [oid, top],
      );
      await client.query(
        `select count(pg_advisory_lock(($1::bigint << 32) + key)) from generate_series(0, 99) as key`,
        [oid],
      );
      await pause(random.between(50, 900));
      return true;
    });
  }

  /** A lock without a session, which outlives a crash. */
  async #prepare({ random, pause }: FaultRun): Promise<boolean> {
    const name = `guest_${random.between(1, 1_000_000)}`;
    await withClient(this.#guestUrl, async (client) => {
      const { oid, top } = await this.#find();
      await client.query('begin');
      await client.query('select pg_advisory_xact_lock_shared($1, $2)', [oid, top]);
      await client.query(`prepare transaction '${name}'`);
    });
    await pause(random.between(50, 900));
    // Tries until it is done, as an administrator does.
    for (;;) {
      try {
        await withClient(this.#connectionString, async (client) => {
          const { rowCount } = await client.query('select from pg_prepared_xacts where gid = $1', [name]);
          if (rowCount === 1) await client.query(`rollback prepared '${name}'`);
        });
        return true;
      } catch {
        await delay(100);
      }
    }
  }

  #notify({ random, signal }: FaultRun): Promise<boolean> {
    return withClient(this.#guestUrl, async (client) => {
      const count = random.between(100, 1_500);
      for (let sent = 0; sent < count && !signal.aborted; sent += 1)
        await client.query('notify leftfold_leftfold');
      return true;
    });
  }

  #linger({ random, pause }: FaultRun): Promise<boolean> {
    return withClient(this.#guestUrl, async (client) => {
      await client.query('begin isolation level repeatable read');
      await client.query('create temp table kept (id integer)');
      await pause(random.between(1_000, 5_000));
      await client.query('rollback');
      return true;
    });
  }

  /** The keys of the locks can be read in the catalog by every role; the position is guessed here with less trouble. */
  #find(): Promise<{ readonly oid: number; readonly top: number }> {
    return withClient(this.#connectionString, async (client) => {
      const { rows } = await client.query<{ oid: number; top: number }>(
        `select 'leftfold.events'::regclass::oid::integer as oid, last_value::integer as top from leftfold.event_position`,
      );
      return rows[0]!;
    });
  }
}
