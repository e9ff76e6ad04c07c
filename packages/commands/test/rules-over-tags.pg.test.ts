import { defineDecision, defineEvents, defineFold, reject, tagged } from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { accepted, createCommandExecutor } from '../src/index.ts';

// The domains of the examples at https://dcb.events, beside that of courses and students, which the tests of decisions use.

const MINUTE = 60_000;
const text = z.string().min(1);
const at = z.iso.datetime();

const productEvents = defineEvents('product', {
  priced: tagged(z.object({ sku: text, cents: z.int(), at }), ({ sku }) => ({ product: sku })),
  ordered: tagged(z.object({ order: text, skus: z.array(text) }), ({ order, skus }) => ({
    order,
    product: skus,
  })),
});

/** The newest price, and the one before, which holds for a while. */
const price = defineFold({
  events: [productEvents],
  initialState: { cents: 0, before: 0, at: '' },
  evolve: { 'product.priced': (state, { cents, at }) => ({ cents, before: state.cents, at }) },
});

const ordered = defineFold({
  events: [productEvents],
  initialState: false,
  evolve: { 'product.ordered': () => true },
});

const setPrice = defineDecision({
  name: 'set-price',
  input: z.object({ sku: text, cents: z.int() }),
  events: [productEvents],
  reads: ({ sku }) => ({ price: price.for({ product: sku }) }),
  decide: (_states, input, emit, { now }) => emit.product.priced({ ...input, at: now.toISOString() }),
});

const order = defineDecision({
  name: 'order',
  input: z.object({ order: text, items: z.array(z.object({ sku: text, cents: z.int() })).min(1) }),
  events: [productEvents],
  reads: ({ order, items }) => ({
    prices: items.map(({ sku }) => price.for({ product: sku })),
    submitted: ordered.for({ order }),
  }),
  rejections: ['price-changed', 'submitted-before'],
  decide: ({ prices, submitted }, { order, items }, emit, { now }) => {
    if (submitted) return reject('submitted-before');
    const holds = prices.every(({ cents, before, at }, index) => {
      const shown = items[index]?.cents;
      return shown === cents || (shown === before && now.getTime() - Date.parse(at) <= 10 * MINUTE);
    });
    if (!holds) return reject('price-changed');
    return emit.product.ordered({ order, skus: items.map(({ sku }) => sku) });
  },
});

const invoiceEvents = defineEvents('invoice', {
  issued: tagged(z.object({ number: z.int(), customer: text }), ({ number }) => ({ invoice: number })),
});

const lastNumber = defineFold({
  events: [invoiceEvents],
  initialState: 0,
  last: true,
  evolve: { 'invoice.issued': (_last, { number }) => number },
});

const issue = defineDecision({
  name: 'issue',
  input: z.object({ customer: text }),
  events: [invoiceEvents],
  reads: () => ({ last: lastNumber.all() }),
  decide: ({ last }, { customer }, emit) => emit.invoice.issued({ number: last + 1, customer }),
});

const userEvents = defineEvents('user', {
  'sign-up-begun': tagged(z.object({ token: text, email: text, at }), ({ token }) => ({ token })),
  'sign-up-confirmed': tagged(z.object({ token: text }), ({ token }) => ({ token })),
  registered: tagged(z.object({ user: text, name: text }), ({ user, name }) => ({ user, name })),
  renamed: tagged(z.object({ user: text, from: text, to: text }), ({ user, from, to }) => ({
    user,
    name: [from, to],
  })),
});

const signUp = defineFold({
  events: [userEvents],
  initialState: { begunAt: '', confirmed: false },
  evolve: {
    'user.sign-up-begun': (state, { at }) => ({ ...state, begunAt: at }),
    'user.sign-up-confirmed': (state) => ({ ...state, confirmed: true }),
  },
});

const beginSignUp = defineDecision({
  name: 'begin-sign-up',
  input: z.object({ token: text, email: text }),
  events: [userEvents],
  reads: ({ token }) => ({ signUp: signUp.for({ token }) }),
  decide: (_states, input, emit, { now }) => emit.user['sign-up-begun']({ ...input, at: now.toISOString() }),
});

const confirm = defineDecision({
  name: 'confirm',
  input: z.object({ token: text }),
  events: [userEvents],
  reads: ({ token }) => ({ signUp: signUp.for({ token }) }),
  rejections: ['no-such-token', 'used', 'expired'],
  decide: ({ signUp: { begunAt, confirmed } }, input, emit, { now }) => {
    if (begunAt === '') return reject('no-such-token');
    if (confirmed) return reject('used');
    if (now.getTime() - Date.parse(begunAt) > 60 * MINUTE) return reject('expired');
    return emit.user['sign-up-confirmed'](input);
  },
});

/** Who has a name; empty for no one. */
const holder = defineFold({
  events: [userEvents],
  initialState: '',
  evolve: {
    'user.registered': (_holder, { user }) => user,
    'user.renamed': (_holder, { user, to }, { name }) => (to === name ? user : ''),
  },
});

const register = defineDecision({
  name: 'register',
  input: z.object({ user: text, name: text }),
  events: [userEvents],
  reads: ({ name }) => ({ holder: holder.for({ name }) }),
  rejections: ['name-taken'],
  decide: (states, input, emit) =>
    states.holder === '' ? emit.user.registered(input) : reject('name-taken'),
});

const rename = defineDecision({
  name: 'rename',
  input: z.object({ user: text, from: text, to: text }),
  events: [userEvents],
  reads: ({ from, to }) => ({ from: holder.for({ name: from }), to: holder.for({ name: to }) }),
  rejections: ['not-yours', 'name-taken'],
  decide: ({ from, to }, input, emit) => {
    if (from !== input.user) return reject('not-yours');
    return to === '' ? emit.user.renamed(input) : reject('name-taken');
  },
});

const decisions = [setPrice, order, issue, beginSignUp, confirm, register, rename] as const;

function openStore({ connectionString }: { readonly connectionString: string }) {
  const events = [productEvents, invoiceEvents, userEvents];
  return createEventStore({ connectionString, events, maxConnections: 4 });
}

const test = databaseTest()
  .extend('store', { scope: 'file' }, async ({ database }, fixture) => {
    const store = disposeAfter(fixture, openStore(database));
    await store.migrate();
    return store;
  })
  .extend('otherStore', { scope: 'file' }, ({ database }, fixture) =>
    disposeAfter(fixture, openStore(database)),
  )
  .extend('clock', () => ({ now: new Date('2026-01-01T12:00:00Z') }))
  .extend('executors', ({ store, otherStore, clock }) =>
    [store, otherStore].map((each) =>
      createCommandExecutor({
        store: each,
        aggregates: [],
        decisions,
        now: () => clock.now,
        retry: { attempts: 50 },
      }),
    ),
  )
  .extend('executor', ({ executors }) => executors[0]!);

describe('a price that changes', () => {
  test('holds for ten minutes for who has seen it', async ({ executor, clock }) => {
    await executor.execute(setPrice.command({ sku: 'tea', cents: 300 }));
    await executor.execute(setPrice.command({ sku: 'milk', cents: 100 }));
    await executor.execute(setPrice.command({ sku: 'tea', cents: 350 }));
    const seen = [
      { sku: 'tea', cents: 300 },
      { sku: 'milk', cents: 100 },
    ];
    expect(await executor.execute(order.command({ order: 'o-1', items: seen }))).toMatchObject({
      outcome: 'accepted',
      events: [{ streamId: 'product-tea', tags: ['order:o-1', 'product:tea', 'product:milk'] }],
    });
    clock.now = new Date(clock.now.getTime() + 11 * MINUTE);
    const late = await executor.execute(order.command({ order: 'o-2', items: seen }));
    expect(late).toMatchObject({ outcome: 'rejected', reason: 'price-changed' });
  });

  test('is that of the moment of the order, whichever process changes it', async ({ executors, clock }) => {
    const [shop, office] = executors;
    await shop!.execute(setPrice.command({ sku: 'jam', cents: 500 }));
    const items = [{ sku: 'jam', cents: 500 }];
    expect((await shop!.execute(order.command({ order: 'j-1', items }))).outcome).toBe('accepted');
    await office!.execute(setPrice.command({ sku: 'jam', cents: 700 }));
    clock.now = new Date(clock.now.getTime() + 11 * MINUTE);
    expect((await shop!.execute(order.command({ order: 'j-2', items }))).outcome).toBe('rejected');
  });
});

test('a form that is submitted twice makes one order, also with different command ids', async ({
  executors,
}) => {
  await executors[0]!.execute(setPrice.command({ sku: 'salt', cents: 90 }));
  const command = order.command({ order: 'form-7', items: [{ sku: 'salt', cents: 90 }] });
  const results = await Promise.all(
    Array.from({ length: 8 }, (_, index) => executors[index % 2]!.execute(command)),
  );
  expect(results.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1);
});

test('numbers have no gap and no double, with several processes', async ({ executors }) => {
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      executors[index % 2]!.execute(issue.command({ customer: `c-${index}` })),
    ),
  );
  const numbers = results.flatMap((result) => accepted(result).events.map(({ data }) => data.number));
  expect(numbers.toSorted((one, other) => one - other)).toEqual(
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
});

test('a token is used once, and within its hour', async ({ executors, executor, clock }) => {
  const begin = (token: string) => beginSignUp.command({ token, email: 'ada@example.org' });
  expect(await executor.execute(confirm.command({ token: 'none' }))).toMatchObject({
    reason: 'no-such-token',
  });
  await executor.execute(begin('t-1'));
  await executor.execute(begin('t-2'));
  const results = await Promise.all(
    [0, 1, 0, 1].map((index) => executors[index]!.execute(confirm.command({ token: 't-1' }))),
  );
  expect(results.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1);
  clock.now = new Date(clock.now.getTime() + 61 * MINUTE);
  expect(await executor.execute(confirm.command({ token: 't-2' }))).toMatchObject({ reason: 'expired' });
});

test('a name belongs to one user at a time', async ({ executors, executor }) => {
  const results = await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      executors[index % 2]!.execute(register.command({ user: `u-${index}`, name: 'ada' })),
    ),
  );
  const [owner, ...others] = results.flatMap((result) =>
    result.outcome === 'accepted' ? result.events.map(({ data }) => data.user) : [],
  );
  expect(others).toEqual([]);
  const away = rename.command({ user: owner!, from: 'ada', to: 'lovelace' });
  expect((await executor.execute(away)).outcome).toBe('accepted');
  expect((await executor.execute(away)).outcome).toBe('rejected');
  const next = register.command({ user: 'late', name: 'ada' });
  expect((await executors[1]!.execute(next)).outcome).toBe('accepted');
});
