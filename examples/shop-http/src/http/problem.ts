import { STATUS_CODES } from 'node:http';
import { LeftfoldError } from '@leftfold/core';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { httpStatusOf } from 'leftfold';

/** Answers with problem details (RFC 9457). */
export function problem(
  c: Context,
  status: ContentfulStatusCode,
  members: Readonly<Record<string, unknown>> = {},
): Response {
  const body = { type: 'about:blank', title: STATUS_CODES[status], status, ...members };
  return c.body(JSON.stringify(body), status, { 'content-type': 'application/problem+json' });
}

/**
 * Answers with what the client can act on: codes and paths of fields.
 *
 * Messages of errors are for the log. They have names of streams, projections and schemas.
 */
export function problemOf(c: Context, error: unknown, log: (error: unknown) => void): Response {
  if (error instanceof HTTPException) return problem(c, error.status, { detail: error.message });
  const status = httpStatusOf(error);
  if (status >= 500) log(error);
  if (status === 503) c.header('Retry-After', '1');
  if (status >= 500 || !LeftfoldError.is(error)) return problem(c, status);
  if (error.code !== 'INVALID_COMMAND') return problem(c, status, { code: error.code });
  // The input is the body of the request.
  const issues = error.issues.map(({ path, code }) => ({ path: path.replace(/^input\.?/, ''), code }));
  return problem(c, status, { code: error.code, issues });
}
