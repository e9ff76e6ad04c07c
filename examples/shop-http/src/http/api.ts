import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { order } from '../domain/order.ts';
import type { Shop } from '../open-shop.ts';
import { orders } from '../read/orders.ts';
import { execute } from './execute.ts';
import { readIfMatch, readToken, requireIfMatch, setETag } from './headers.ts';
import { problem, problemOf } from './problem.ts';

/** @param log gets the errors that clients see as a bare 5xx. @default console.error */
export function createApi(shop: Shop, log: (error: unknown) => void = console.error): Hono {
  const api = new Hono();
  api.use(bodyLimit({ maxSize: 64 * 1024, onError: tooLarge }));

  api.post('/orders/:id', (c) => execute(c, shop, { name: 'open', expectedVersion: readIfMatch(c) }));
  api.post('/orders/:id/items', (c) =>
    execute(c, shop, { name: 'add-item', expectedVersion: requireIfMatch(c) }),
  );
  api.post('/orders/:id/check-out', (c) =>
    execute(c, shop, { name: 'check-out', expectedVersion: requireIfMatch(c) }),
  );

  api.get('/orders/:id', async (c) => {
    const row = await shop
      .query(orders, { atLeast: readToken(c), timeoutMs: 2_000 })
      .where('stream_id', '=', order.streamId(c.req.param('id')))
      .executeTakeFirst();
    if (row === undefined) return problem(c, 404);
    setETag(c, row.version);
    const { customer, items, cents, checked_out: checkedOut } = row;
    return c.json({ customer, items, cents, checkedOut });
  });

  api.notFound((c) => problem(c, 404));
  api.onError((error, c) => problemOf(c, error, log));
  return api;
}

function tooLarge(): never {
  throw new HTTPException(413, { message: 'the body may have 64 KiB' });
}
