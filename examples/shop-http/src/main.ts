import { serve } from '@hono/node-server';
import { createApi } from './http/api.ts';
import { openShop } from './open-shop.ts';

const shop = await openShop();
const server = serve(
  { fetch: createApi(shop).fetch, port: Number(process.env['PORT'] ?? 3000) },
  ({ port }) => process.stdout.write(`http://localhost:${port}/orders\n`),
);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => server.close(() => void shop.close()));
