import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvents } from '../event/define-events.ts';
import { schemaVersions } from '../event/schema-versions.ts';
import { upcast } from '../event/upcast.ts';
import { InvalidEventError, toSchemaIssues } from '../errors/definition-errors.ts';
import { parseCommandInput } from './parse-command-input.ts';
import { parseWith } from './parse-with.ts';

const price = z.object({ cents: z.int() });
const prices = z.record(z.string(), price);
type Tree = { readonly name: string; readonly below: readonly Tree[] };
const tree: z.ZodType<Tree> = z.object({ name: z.string(), below: z.array(z.lazy(() => tree)) });
const shape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('circle'), radius: z.number() }),
  z.object({ kind: z.literal('other'), sizes: prices }),
]);

test.for<[z.ZodType, unknown, string]>([
  [z.object({ lines: z.array(price) }), { lines: [{ cents: 1 }, { cents: 'x' }] }, 'lines.1.cents'],
  [z.object({ at: z.tuple([z.int(), price]) }), { at: [1, { cents: 'x' }] }, 'at.1.cents'],
  [z.object({ at: z.tuple([z.int()]).rest(price) }), { at: [1, { cents: 'x' }] }, 'at.1.cents'],
  [prices, { 'secret@example.com': { cents: 'x' } }, '*.cents'],
  [z.object({ prices }), { prices: { secret: { cents: 'x' } } }, 'prices.*.cents'],
  [z.record(z.email(), z.int()), { secret: 1 }, '*'],
  [z.record(z.enum(['net', 'gross']), z.int()), { net: 1, gross: 'x' }, 'gross'],
  [z.map(z.string(), price), new Map([['secret', { cents: 'x' }]]), '*.cents'],
  [z.map(z.int(), price), new Map([[4711, { cents: 'x' }]]), '*.cents'],
  [z.object({ a: z.int() }).catchall(z.int()), { a: 1, secret: 'x' }, '*'],
  [z.object({ a: z.int() }).catchall(z.int()), { a: 'x' }, 'a'],
  [z.object({ price: price.optional().nullable().readonly() }), { price: { cents: 'x' } }, 'price.cents'],
  [z.object({ price: price.default({ cents: 1 }) }), { price: { cents: 'x' } }, 'price.cents'],
  [z.preprocess((value) => value, price), { cents: 'x' }, 'cents'],
  [price.transform(({ cents }) => cents), { cents: 'x' }, 'cents'],
  [z.intersection(price, z.object({ tax: z.int() })), { cents: 1, tax: 'x' }, 'tax'],
  [shape, { kind: 'circle', radius: 'x' }, 'radius'],
  [shape, { kind: 'other', sizes: { secret: { cents: 'x' } } }, 'sizes.*.cents'],
  [shape, { kind: 'secret' }, 'kind'],
  [tree, { name: 'a', below: [{ name: 'b', below: [{ name: 7, below: [] }] }] }, 'below.0.below.0.name'],
  [z.strictObject({ a: z.int() }), { a: 1, secret: 2 }, ''],
  [z.object({ a: z.int() }).refine(() => false, { path: ['repeated'] }), { a: 1 }, 'repeated'],
  [z.looseObject({}).refine(() => false, { path: ['secret'] }), {}, '*'],
  [z.unknown().refine(() => false, { path: ['secret', 0] }), {}, '*.*'],
])('a path has names that are declared, and no others: %#', ([schema, value, path]) => {
  const parsed = parseWith('the test', schema, value);
  expect(parsed).toMatchObject({ success: false, issues: [{ path }] });
  expect(JSON.stringify(parsed)).not.toMatch(/secret|4711/);
});

test('without a schema no name is known', () => {
  const { error } = price.safeParse({ cents: 'x' });
  expect(toSchemaIssues(error!)).toMatchObject([{ path: '*' }]);
});

test('a command and an event do not repeat the keys of a record', () => {
  const input = { prices: { secret: { cents: 'x' } } };
  const paths = (path: string) => expect.objectContaining({ issues: [expect.objectContaining({ path })] });
  expect(() => parseCommandInput('shop.price', z.object({ prices }), input)).toThrow(
    paths('input.prices.*.cents'),
  );
  const events = defineEvents('shop', { priced: z.object({ prices }) });
  expect(() => events.create.priced(input as never)).toThrow(paths('prices.*.cents'));
});

test('an event that cannot be upcast does not repeat them, nor does a step that parses', () => {
  const before = z.record(z.string(), z.int());
  const stepOf = (step: (data: Record<string, number>) => z.input<typeof prices>) =>
    defineEvents('shop', { priced: schemaVersions(before).next(prices, step) }).definitions[0]!;
  const stored = { type: 'shop.priced', schemaVersion: 1, data: { secret: 1 } };
  const kept = stepOf((data) => data as never);
  const parsing = stepOf((data) => z.record(z.string(), price).parse(data));
  expect(issuesOf(() => upcast(kept, stored))).toMatchObject([{ path: '*' }]);
  expect(issuesOf(() => upcast(parsing, stored))).toMatchObject([{ path: '*' }]);
});

function issuesOf(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (error instanceof InvalidEventError) return error.issues;
  }
  throw new Error('no InvalidEventError was thrown');
}
