import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { serve } from '@hono/node-server';
import { beginTransaction } from '@leftfold/testbed/database';
import { TcpProxy } from '@leftfold/testbed/faults';
import { createRoleLogins } from '@leftfold/testbed/roles';
import { createTestDatabase } from '@leftfold/testing/postgres';
import { tokenOf } from 'leftfold';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrateShop } from '../src/deploy/migrate-shop.ts';
import { order } from '../src/domain/order.ts';
import { createApi } from '../src/http/api.ts';
import { openShop, shop as definitions, type Shop } from '../src/open-shop.ts';

type Api = ReturnType<typeof createApi>;
const logged: unknown[] = [];
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let logins: Awaited<ReturnType<typeof createRoleLogins>>;
let shop: Shop;
let api: Api;

// A deployment, as docs/operating.md describes it: the shop has the rights of an app and a projector only.
beforeAll(async () => {
  database = await createTestDatabase();
  logins = await createRoleLogins(database);
  const { schema, projections } = definitions;
  await logins.grant({ schema, projections });
  await migrateShop(logins.urlOf('owner'), logins.roles.owner);
  await logins.grant({ schema, projections });
  shop = await openShop(logins.urlOf('process'));
  api = createApi(shop, (error) => logged.push(error));
});
afterAll(async () => {
  await shop.close();
  await logins[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

let keys = 0;
const newKey = () => `key-${(keys += 1)}`;

function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  return api.request(path, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'Idempotency-Key': newKey(), ...headers },
  });
}

async function opened(id: string) {
  expect((await post(`/orders/${id}`, { customer: 'Ada' })).status).toBe(201);
  return `/orders/${id}`;
}

async function expectProblem(response: Response | Promise<Response>, status: number, members: object = {}) {
  const answer = await response;
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(await answer.json()).toMatchObject({ type: 'about:blank', status, ...members });
  expect(answer.status).toBe(status);
  return answer;
}

const book = { sku: 'book', cents: 1200 };

describe('commands', () => {
  test('an order is opened, and the answer has its version and a token', async () => {
    const answer = await post('/orders/opened', { customer: 'Ada' });
    expect([answer.status, answer.headers.get('etag')]).toEqual([201, '"1"']);
    expect(answer.headers.get('consistency-token')).toBeTruthy();
    expect(await answer.json()).toEqual({ version: 1, duplicate: false });
  });

  test('a request that is repeated with its key is carried out once', async () => {
    const path = `${await opened('repeated')}/items`;
    const headers = { 'Idempotency-Key': 'add-book', 'If-Match': '"1"' };
    const first = await post(path, book, headers);
    const again = await post(path, book, headers);
    expect(await first.json()).toEqual({ version: 2, duplicate: false });
    expect(await again.json()).toEqual({ version: 2, duplicate: true });
    expect(again.headers.get('etag')).toBe('"2"');
  });

  test('a key that is used again for another request is refused with 422', async () => {
    const path = await opened('reused');
    const headers = { 'Idempotency-Key': 'one-key', 'If-Match': '*' };
    expect((await post(`${path}/items`, book, headers)).status).toBe(200);
    const reused = { code: 'COMMAND_ID_REUSED' };
    await expectProblem(post(`${path}/items`, { ...book, cents: 1 }, headers), 422, reused);
    await expectProblem(post(`${path}/check-out`, {}, headers), 422, reused);
    await expectProblem(post('/orders/opened/items', book, headers), 422, reused);
    const { state } = await shop.load(order, 'reused');
    expect(state).toEqual({ exists: true, checkedOut: false, items: 1 });
  });

  test('a rejection has its reason, and 409 or 422', async () => {
    const path = await opened('rejected');
    const rejected = (reason: string) => ({ code: 'COMMAND_REJECTED', reason });
    await expectProblem(post(path, { customer: 'Bob' }), 409, rejected('order-exists'));
    await expectProblem(post(`${path}/check-out`, {}, { 'If-Match': '"1"' }), 422, rejected('order-empty'));
  });

  test('a stale If-Match is refused with 412, a missing one with 428', async () => {
    const path = `${await opened('stale')}/items`;
    const stale = await expectProblem(post(path, book, { 'If-Match': '"7"' }), 412, {
      code: 'STREAM_VERSION_CONFLICT',
    });
    expect(stale.headers.get('retry-after')).toBeNull();
    await expectProblem(post(path, book, { 'If-Match': 'W/"1"' }), 412);
    await expectProblem(post('/orders/nowhere/items', book, { 'If-Match': '*' }), 412);
    await expectProblem(post(path, book), 428);
  });
});

describe('requests that cannot be carried out', () => {
  test('bad JSON, bad input and bad names are refused with 400', async () => {
    await expectProblem(post('/orders/bad', '{'), 400);
    await expectProblem(post('/orders/bad', '', { 'Idempotency-Key': '' }), 400);
    await expectProblem(post('/orders/bad', 'null'), 400, { code: 'INVALID_COMMAND' });
    await expectProblem(post('/orders/bad', { customer: 'a\u0000' }), 400, {
      issues: [{ path: 'customer', code: 'invalid_format' }],
    });
    await expectProblem(post('/orders/%00', { customer: 'Ada' }), 400, { code: 'INVALID_NAME' });
    await expectProblem(api.request('/orders/%00'), 400, { code: 'INVALID_NAME' });
    const key = { 'Idempotency-Key': 'k'.repeat(1_000) };
    await expectProblem(post('/orders/bad', { customer: 'Ada' }, key), 400, { code: 'INVALID_NAME' });
  });

  test('an unknown route or order is 404, and a large body 413', async () => {
    await expectProblem(api.request('/nothing'), 404);
    await expectProblem(api.request('/orders/never-opened'), 404);
    await expectProblem(post('/orders/large', { customer: 'a'.repeat(70_000) }), 413);
  });
});

test('no answer and no logged error repeats what was sent', async () => {
  const secret = 'ada-4929-1234';
  await opened('confidential');
  const sameKey = { 'Idempotency-Key': newKey() };
  await post('/orders/kept', { customer: secret }, sameKey);
  const path = '/orders/confidential';
  const answers = await Promise.all([
    post(path, { customer: secret.repeat(50) }),
    post(path, { customer: { [secret]: secret } }),
    post(path, { customer: `${secret}\0` }),
    post(path, [secret]),
    post(path, `{"customer":"${secret}`),
    post(path, { customer: secret }),
    post(path, { customer: secret }, { 'If-Match': '"7"' }),
    post(`/orders/${'c'.repeat(300)}`, { customer: secret }),
    post('/orders/kept', { customer: `${secret}!` }, sameKey),
    post(`${path}/items`, { sku: secret, cents: secret }, { 'If-Match': '"1"' }),
    api.request(path, { headers: { 'Consistency-Token': secret } }),
  ]);
  for (const answer of answers) {
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await answer.text()).not.toContain(secret);
  }
  expect(inspect(logged, { depth: 12 })).not.toContain(secret);
});

describe('queries', () => {
  test('with the token of a command a query reads what the command wrote', async () => {
    const path = await opened('own-write');
    let version = 1;
    for (; version < 20; version += 1) {
      const done = await post(`${path}/items`, book, { 'If-Match': `"${version}"` });
      const token = done.headers.get('consistency-token') ?? '';
      const row = await api.request(path, { headers: { 'Consistency-Token': token } });
      expect(row.headers.get('etag')).toBe(done.headers.get('etag'));
      expect(await row.json()).toMatchObject({ items: version, cents: version * book.cents });
    }
  });

  test.each(['', 'garbage', '-1', '1.5', '1e3', '9999999999999999', 'v1.7'])(
    'token "%s" is 400',
    async (token) => {
      await expectProblem(api.request('/orders/opened', { headers: { 'Consistency-Token': token } }), 400);
    },
  );

  test('a token that the read model has not reached is 503 after the timeout', async () => {
    await using blocked = await beginTransaction(database.connectionString);
    await blocked.client.query('select from shop_http.subscriptions for update');
    const done = await post('/orders/late', { customer: 'Ada' });
    const token = done.headers.get('consistency-token') ?? '';
    const late = api.request('/orders/late', { headers: { 'Consistency-Token': token } });
    expect((await expectProblem(late, 503)).headers.get('retry-after')).toBe('1');
  });

  test('a token of an event that the log does not have is 409', async () => {
    const path = await opened('elsewhere');
    const token = tokenOf({ position: 1, id: 'of another log' });
    const refused = api.request(path, { headers: { 'Consistency-Token': token } });
    await expectProblem(refused, 409, { code: 'LOG_REWOUND' });
  });
});

test('without the database answers are 503 without internals, until it is back', async () => {
  await using own = await createTestDatabase();
  await using proxy = await TcpProxy.start(own.connectionString);
  await using cutOff = await openShop(proxy.connectionString);
  const errors: unknown[] = [];
  const fragile = createApi(cutOff, (error) => errors.push(error));
  const open = () =>
    fragile.request('/orders/down', {
      method: 'POST',
      body: JSON.stringify({ customer: 'Ada' }),
      headers: { 'Idempotency-Key': 'down' },
    });
  await proxy.cut();
  const answer = await open();
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await answer.json()).toEqual({ type: 'about:blank', title: 'Service Unavailable', status: 503 });
  expect(errors).toMatchObject([{ code: 'STORE_UNAVAILABLE' }]);
  await proxy.restore();
  await expect.poll(async () => (await open()).status, { timeout: 10_000 }).toBe(201);
});

test('the tables belong to the owner, and no login of the shop may change them', async () => {
  await using transaction = await beginTransaction(logins.urlOf('process'));
  const { rows } = await transaction.client.query(
    `select distinct schemaname, tableowner from pg_tables where schemaname like 'shop_http%' order by 1`,
  );
  expect(rows).toEqual(
    ['shop_http', 'shop_http__orders_v1'].map((schemaname) => ({
      schemaname,
      tableowner: logins.roles.owner,
    })),
  );
  await expect(transaction.client.query('drop table shop_http.events')).rejects.toMatchObject({
    code: '42501',
  });
});

test('the same holds over a socket', async () => {
  const server = serve({ fetch: api.fetch, port: 0, hostname: '127.0.0.1' });
  if (!server.listening) await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders/socket`;
  const headers = { 'Idempotency-Key': newKey() };
  const done = await fetch(url, { method: 'POST', body: JSON.stringify({ customer: 'Ada' }), headers });
  expect([done.status, done.headers.get('etag')]).toEqual([201, '"1"']);
  const token = done.headers.get('consistency-token') ?? '';
  const row = await fetch(url, { headers: { 'Consistency-Token': token } });
  expect(await row.json()).toEqual({ customer: 'Ada', items: 0, cents: 0, checkedOut: false });
  await expectProblem(fetch(`${url}/items`, { method: 'POST', body: '{}', headers }), 428);
  server.close();
  await once(server, 'close');
});
