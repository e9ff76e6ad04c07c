import type { ExpectedVersion } from '@leftfold/core';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { order } from '../domain/order.ts';
import type { Shop } from '../open-shop.ts';
import { requireIdempotencyKey, setETag, setToken } from './headers.ts';
import { problem } from './problem.ts';
import { rejectionStatuses } from './statuses.ts';

interface Request {
  readonly name: keyof typeof order.command;
  readonly expectedVersion: ExpectedVersion | undefined;
}

/** Executes a command whose input is the body of the request. */
export async function execute(c: Context, shop: Shop, { name, expectedVersion }: Request): Promise<Response> {
  const commandId = requireIdempotencyKey(c);
  const command = shop.parseCommand({
    aggregate: order.name,
    id: c.req.param('id'),
    name,
    input: parseJson(await c.req.text()),
  });
  const result = await shop.execute(command, { commandId, expectedVersion });

  setToken(c, result.token);
  if (result.outcome === 'rejected') {
    const { reason } = result;
    return problem(c, rejectionStatuses[reason], { code: 'COMMAND_REJECTED', reason });
  }
  const { duplicate, streamVersion } = result;
  setETag(c, streamVersion);
  return c.json({ version: streamVersion, duplicate }, name === 'open' ? 201 : 200);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new HTTPException(400, { message: 'the body must be JSON' });
  }
}
