import type { ExpectedVersion } from '@leftfold/core';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { type LogToken, parseLogToken } from 'leftfold';

const TOKEN = 'Consistency-Token';

export function setToken(c: Context, token: LogToken): void {
  c.header(TOKEN, token);
}

/** The token of an earlier response. @throws InvalidArgumentError, a 400, when it is not one */
export function readToken(c: Context): LogToken | undefined {
  const text = c.req.header(TOKEN);
  return text === undefined ? undefined : parseLogToken(text);
}

export function setETag(c: Context, version: number): void {
  c.header('ETag', `"${version}"`);
}

/** The version that the client has seen, or undefined if it does not say. */
export function readIfMatch(c: Context): ExpectedVersion | undefined {
  const text = c.req.header('If-Match');
  if (text === undefined) return undefined;
  if (text === '*') return 'stream-exists';
  const [, version] = /^"(\d{1,15})"$/.exec(text) ?? [];
  if (version !== undefined) return Number(version);
  throw new HTTPException(412, { message: 'If-Match must be the ETag of an earlier response, or *' });
}

export function requireIfMatch(c: Context): ExpectedVersion {
  const expectedVersion = readIfMatch(c);
  if (expectedVersion !== undefined) return expectedVersion;
  throw new HTTPException(428, { message: 'send the ETag of the order as If-Match' });
}

export function requireIdempotencyKey(c: Context): string {
  const key = c.req.header('Idempotency-Key');
  if (key !== undefined && key !== '') return key;
  throw new HTTPException(400, {
    message: 'send a new Idempotency-Key, and the same one when you repeat the request',
  });
}
