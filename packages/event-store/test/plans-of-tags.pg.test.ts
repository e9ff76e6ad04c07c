import type { EventQuery } from '@leftfold/core';
import { explainAll } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import type pg from 'pg';
import { describe, expect } from 'vitest';
import { readPageStatement } from '../src/sql/events.ts';
import { accessesOf, lookedAt, plansTest } from './plans-test.ts';

const EVENTS = 100_000;
/** The first event is after this position. */
const START = 300_000;
const LIMIT = 100;
/** More rows than a page has, and fewer than a part of the log. */
const FEW = 150;

const test = plansTest();

const seed = `
  insert into leftfold.events
  select $2::integer + number, number, clock_timestamp(), 1, 'account-1', 'seed-' || number,
         case when number % 10 = 0 then 'account.opened' else 'account.deposited' end, '{}', '{}',
         array['account:' || number % 20000]
           || case when number % 2 = 0 then array['branch:north'] else '{}' end
           || case when number % 2 = 1 and number < $1::integer / 2 then array['branch:closed'] else '{}' end
           || case when number % 200 = 1 then array['month:1'] else '{}' end
    from generate_series(1, $1::integer) as number`;

test.beforeAll(async ({ client }) => {
  await fill(client);
  await explainAll(client);
});

/** The planner counts no tag, as in a log that has too many for its statistics. */
async function fill(client: pg.Client): Promise<void> {
  await client.query(seed, [EVENTS, START]);
  await client.query('alter table leftfold.events alter column tags set statistics 0');
  await client.query('analyze leftfold.events');
}

const rare: EventQuery = { tags: ['account:700'] };
const frequent: EventQuery = { tags: ['branch:north'] };
const past: EventQuery = { tags: ['branch:closed'] };
const medium: EventQuery = { tags: ['month:1'] };
const none: EventQuery = { tags: ['account:none'] };
const ofType: EventQuery = { tags: ['branch:north'], types: ['account.opened'] };
const both: EventQuery = { tags: ['branch:north', 'account:700'] };

/**
 * What is read, after and up to which part of the log, how many events that is, and how many rows are looked at for it at
 * most.
 */
const reads: readonly (readonly [
  string,
  readonly EventQuery[],
  { readonly after?: number; readonly upTo?: number; readonly backwards?: boolean; readonly limit?: number },
  number,
  number,
])[] = [
  ['a rare tag', [rare], {}, 5, FEW],
  ['a rare tag in the newest half', [rare], { after: 0.5 }, 2, FEW],
  ['a rare tag in the newest events', [rare], { after: 0.998 }, 0, 200],
  ['a rare tag up to a position', [rare], { upTo: 0.5 }, 3, FEW],
  ['a rare tag backwards', [rare], { backwards: true }, 5, FEW],
  ['the last event with a rare tag', [rare], { backwards: true, limit: 1 }, 1, 2_000],
  ['no event', [none], {}, 0, FEW],
  ['no event in the newest half', [none], { after: 0.5 }, 0, FEW],
  ['a frequent tag', [frequent], {}, LIMIT, 2 * FEW],
  ['a frequent tag in the newest half', [frequent], { after: 0.5 }, LIMIT, 2 * FEW],
  ['a frequent tag backwards', [frequent], { backwards: true }, LIMIT, 2 * FEW],
  ['the last event with a frequent tag', [frequent], { backwards: true, limit: 1 }, 1, 2],
  ['a frequent tag and a type', [ofType], {}, LIMIT, 1_000],
  ['a frequent tag and a rare one', [both], {}, 5, FEW],
  ['a tag of one event in 200', [medium], {}, LIMIT, 500],
  ['a tag of one event in 200 backwards', [medium], { backwards: true }, LIMIT, 500],
  ['a frequent tag of the past', [past], { after: 0.4 }, LIMIT, 2 * FEW],
  ['a frequent tag of the past, where no event has it', [past], { after: 0.6 }, 0, 40_000],
  ['a frequent tag far after the position', [past], { after: -3 }, LIMIT, 25_000],
  ['a frequent tag far before the position', [past], { upTo: 4, backwards: true }, LIMIT, 50_200],
  ['two rare tags', [rare, { tags: ['account:800'] }], {}, 10, FEW],
  ['a rare tag and no event', [rare, none], { after: 0.9 }, 0, FEW],
  ['a rare tag and a frequent one', [rare, frequent], {}, LIMIT, 2 * FEW],
  ['a frequent tag and a rare one backwards', [frequent, rare], { backwards: true }, LIMIT, 2 * FEW],
  ['a rare tag and a category', [rare, { category: 'other' }], {}, 5, FEW],
];

describe.each(['auto', 'force_custom_plan', 'force_generic_plan'])('with plan_cache_mode %s', (mode) => {
  test.for(reads)(
    'a page of %s looks at few events',
    async ([, queries, { after = 0, upTo = 1, limit = LIMIT, backwards }, count, most], {
      client,
      plansOf,
    }) => {
      guarantee('indexed-statements');
      await client.query(`set plan_cache_mode = ${mode}`);
      const range = { after: START + after * EVENTS, upTo: START + upTo * EVENTS, limit, backwards };
      const statement = readPageStatement('leftfold', range, queries);
      const { rows } = await client.query<{ position: string }>(statement.text, [...statement.values]);
      expect(rows.map(({ position }) => position)).toEqual(await matchesOf(client, range, queries));
      expect(rows).toHaveLength(count);
      const plans = await plansOf(statement);
      expect(plans.flatMap(accessesOf).join()).not.toContain('whole table');
      expect(lookedAt(plans)).toBeLessThanOrEqual(most);
    },
  );
});

/** The same page by a scan of the table. */
async function matchesOf(
  client: pg.Client,
  {
    after,
    upTo,
    limit,
    backwards,
  }: { after: number; upTo: number; limit: number; backwards?: boolean | undefined },
  queries: readonly EventQuery[],
): Promise<readonly string[]> {
  const found = queries.map(
    ({ tags = [], types, category = '' }) =>
      `tags @> '{${tags.join()}}' and starts_with(stream_id, '${category}')` +
      (types === undefined ? '' : ` and type in ('${types.join("', '")}')`),
  );
  await client.query('begin; set local enable_indexscan = off; set local enable_bitmapscan = off');
  const { rows } = await client.query<{ position: string }>(
    `select position from leftfold.events
      where position > $1 and position <= $2 and ((${found.join(') or (')}))
      order by position ${backwards === true ? 'desc' : 'asc'} limit $3`,
    [after, upTo, limit],
  );
  await client.query('rollback');
  return rows.map(({ position }) => position);
}
