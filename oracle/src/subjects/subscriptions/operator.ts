import type pg from 'pg';
import { withClient } from '../../faults/every-subject.ts';
import type { Fault } from '../../faults/fault.ts';
import type { Random } from '../../random.ts';
import { NEVER_CURED } from './items.ts';
import { type ParkedKey, readParked } from './recorded.ts';

/** Resumes parked keys, and gives events up, while the subscriptions go on. */
export class Operator {
  readonly faults: readonly Fault[];
  readonly #connectionString: string;

  constructor(connectionString: string) {
    this.#connectionString = connectionString;
    this.faults = [
      {
        counted: 'parked keys resumed',
        everyMs: [200, 1_000],
        inject: ({ random }) => this.#withOne(random, (client, key) => resume(client, key)),
      },
      {
        counted: 'parked events given up',
        everyMs: [1_000, 4_000],
        inject: ({ random }) =>
          this.#withOne(random, (client, key) =>
            giveUp(client, key, random.chance(0.5) ? key.failedPosition : undefined),
          ),
      },
    ];
  }

  /**
   * Resumes what the last release can process, and gives up what none can.
   *
   * @returns the keys that are still parked
   */
  settle(): Promise<readonly ParkedKey[]> {
    return withClient(this.#connectionString, async (client) => {
      const parked = await readParked(client);
      for (const key of parked.filter(({ waits }) => waits)) {
        const never = key.failedMessage.endsWith(`what release ${NEVER_CURED} can`);
        if (never) await giveUp(client, key, key.failedPosition);
        else await resume(client, key);
      }
      return parked;
    });
  }

  #withOne(random: Random, action: (client: pg.Client, key: ParkedKey) => Promise<void>): Promise<boolean> {
    return withClient(this.#connectionString, async (client) => {
      const parked = (await readParked(client)).filter(({ waits }) => waits);
      if (parked.length === 0) return false;
      await action(client, random.pick(parked));
      return true;
    });
  }
}

async function resume(client: pg.Client, { name, version, key }: ParkedKey): Promise<void> {
  await client.query('select leftfold._resume_parked($1, $2, array[$3])', [name, version, key]);
}

async function giveUp(
  client: pg.Client,
  { name, version, key }: ParkedKey,
  upTo: number | undefined,
): Promise<void> {
  await client.query(
    `select leftfold._give_up_parked($1, $2, $3, $4, 'no release can process it', 'oracle')`,
    [name, version, key, upTo ?? null],
  );
}
