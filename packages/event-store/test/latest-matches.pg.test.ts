import { guarantee } from '@leftfold/testbed/guarantees';
import { describe, expect } from 'vitest';
import { queryValues } from '../src/sql/query-rows.ts';
import { test as storeTest } from './store-test.ts';

interface Query {
  readonly tags: readonly string[];
  readonly types: readonly string[] | undefined;
  readonly category: string | undefined;
  readonly after: number;
}

/** What one event has that a query asks for. */
interface Event {
  readonly position: number;
  readonly streamId: string;
  readonly type: string;
  readonly tags: readonly string[];
}

const EVENTS = 2_500;

/** Every 500th event has the tag "rare", and every other one "even"; each has one of seven others. */
const events = Array.from({ length: EVENTS }, (_, index): Event => {
  const position = index + 1;
  const tags = [`seven:${position % 7}`];
  if (position % 500 === 0) tags.unshift('rare');
  if (position % 2 === 0) tags.push('even');
  return {
    position,
    streamId: `${position % 3 === 0 ? 'order' : 'account'}-${position % 90}`,
    type: `type-${position % 5}`,
    tags: position % 11 === 0 ? [] : tags,
  };
});

const test = storeTest.extend('search', { scope: 'file' }, async ({ store }) => {
  await store.pool.query(
    `insert into leftfold.events
     select nextval('leftfold.event_position'), (event ->> 'position')::bigint, clock_timestamp(), 1,
            event ->> 'streamId', event ->> 'position', event ->> 'type', '{}', '{}',
            array(select jsonb_array_elements_text(event -> 'tags'))
       from jsonb_array_elements($1) with ordinality as element (event, number)
      order by number`,
    [JSON.stringify(events)],
  );
  return async (requests: readonly (readonly Query[])[]) => {
    const queries = requests.flat();
    const [tags, types, category] = queryValues(queries);
    const { rows } = await store.pool.query<{ latest: readonly (string | null)[] }>(
      'select leftfold._find_latest_matches($1, $2, $3, $4, $5, $6) as latest',
      [
        requests.length,
        requests.flatMap((own, index) => own.map(() => index + 1)),
        tags,
        types,
        category,
        queries.map(({ after }) => after),
      ],
    );
    return rows[0]!.latest.map((position) => (position === null ? undefined : Number(position)));
  };
});

const matches = (event: Event, { tags, types, category, after }: Query) =>
  event.position > after &&
  tags.every((tag) => event.tags.includes(tag)) &&
  (types === undefined || types.includes(event.type)) &&
  (category === undefined || event.streamId.startsWith(`${category}-`));

const latestOf = (queries: readonly Query[]) =>
  events.findLast((event) => queries.some((query) => matches(event, query)))?.position;

/** Queries that differ in all parts, on positions from the first to beyond the last. */
const queries: readonly Query[] = [[], ['rare'], ['even', 'seven:3'], ['seven:4', 'rare'], ['none']].flatMap(
  (tags) =>
    [undefined, ['type-1', 'type-4'], ['type-9']].flatMap((types) =>
      [undefined, 'order', 'orde'].flatMap((category) =>
        [0, 700, 1_499, 1_500, 2_100, 2_498, 2_499, 2_500, 2_600].map((after) => ({
          tags,
          types,
          category,
          after,
        })),
      ),
    ),
);

describe('the latest event that a condition matches', () => {
  test('is found for each query alone', async ({ search }) => {
    guarantee('conditions-hold-until-commit');
    expect(await search(queries.map((query) => [query]))).toEqual(queries.map((query) => latestOf([query])));
    const found: (number | undefined)[] = [];
    for (const query of queries) found.push(...(await search([[query]])));
    expect(found).toEqual(queries.map((query) => latestOf([query])));
  });

  test.for([2, 3, 7])('is found for requests with %d queries each', async (amount, { search }) => {
    guarantee('conditions-hold-until-commit');
    for (const step of [1, 4, 29]) {
      // Queries that are next to each other, and ones that are far apart.
      const order = queries.toSorted(
        (one, other) =>
          ((queries.indexOf(one) * step) % queries.length) -
          ((queries.indexOf(other) * step) % queries.length),
      );
      const requests = order.flatMap((_, index) =>
        index % amount === 0 ? [order.slice(index, index + amount)] : [],
      );
      expect(await search(requests)).toEqual(requests.map(latestOf));
    }
  });

  test('is found among recent queries that all have tags', async ({ search }) => {
    guarantee('conditions-hold-until-commit');
    const recent = queries.filter(({ tags, after }) => tags.length > 0 && after >= 1_500);
    const requests = [recent.slice(0, 3), ...recent.slice(3).map((query) => [query])];
    expect(await search(requests)).toEqual(requests.map(latestOf));
  });
});
