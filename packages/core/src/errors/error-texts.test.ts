import { expect, test } from 'vitest';
import { z } from 'zod';
import { toSchemaIssues } from '../index.ts';
import * as core from '../index.ts';

const cause = new Error('the wire was cut');
const excluded = { position: 17, type: 'course.subscribed', streamId: 'course-c1' };
const balances = { kind: 'projection', name: 'balances', version: 1 };
const issues = [{ path: 'cents', code: 'too_small', message: 'Too small' }];

test('the cause is kept', () => {
  expect(new core.StreamVersionConflictError('account-1', 'any', 0, { cause }).cause).toBe(cause);
  expect(new core.AppendConditionFailedError(excluded, { queries: [0], after: 12 }, { cause }).cause).toBe(
    cause,
  );
  expect(new core.EventIdReusedError('event-1', { cause }).cause).toBe(cause);
  expect(new core.InvalidEventError('account.opened', 1, issues, { cause }).cause).toBe(cause);
});

test('a conflict says what was expected in the caller’s own word', () => {
  expect(new core.StreamVersionConflictError('account-1', 'no-stream', 4)).toMatchObject({
    expectedVersion: 'no-stream',
    actual: 4,
    message: 'stream "account-1" is at version 4, expected no-stream; read it again and decide again',
  });
});

test('a schema that is not the one of this release says how to get that', () => {
  expect(new core.SchemaMismatchError('leftfold', 1, 2).message).toBe(
    'schema "leftfold" is at migration 1, this release needs 2; run migrate() with a role that may create tables',
  );
  expect(new core.SchemaMismatchError('leftfold', 2, 2).message).toBe(
    'schema "leftfold" is at migration 2, but that of a build with other SQL, which is no release; start that build here, or migrate an empty database',
  );
});

test('a subscription that stopped without a single failing event gives the reason', () => {
  expect(new core.SubscriptionFailedError(balances, undefined, { cause: 'disk full' }).message).toBe(
    'projection "balances" stopped: disk full; fix the cause, then deploy it or call resume()',
  );
  expect(new core.SubscriptionFailedError(balances, undefined).message).toContain('unknown cause');
});

test('errors about a subscription name its version and slice, unless they are the first', () => {
  const relay = { kind: 'relay', name: 'orders', version: 3, slice: 2 };
  const error = new core.SubscriptionTimeoutError(relay, 9, 7, 100);
  expect(error).toMatchObject({ kind: 'relay', subscription: 'orders', version: 3, slice: 2 });
  expect(error.message).toContain('relay "orders" version 3 slice 2 is at position 7');
});

test('a schema’s issues keep path and code, and never the value', () => {
  const schema = z.object({ lines: z.array(z.object({ sku: z.string().max(3) })) });
  const { error } = schema.safeParse({ lines: [{ sku: 'secret' }] });
  expect(toSchemaIssues(error!, schema)).toEqual([
    { path: 'lines.0.sku', code: 'too_big', message: expect.any(String) },
  ]);
  expect(JSON.stringify(toSchemaIssues(error!, schema))).not.toContain('secret');
});

test('an unknown command of any length lists some of the known ones', () => {
  const known = Array.from({ length: 10_000 }, (_, index) => `account.command${index}`);
  const { message, command } = new core.UnknownCommandError(`account.\u001b${'x'.repeat(10_000)}`, known);
  expect(message).toContain('"account.command19", and 9980 more. Pass its definition');
  expect(message).toMatch(/^command of 10009 characters is unknown here/);
  expect(message.length).toBeLessThan(1_000);
  expect(command).toMatch(/^account\.\\u001bx{246}\.\.\.$/);
});

test('a timeout says so when no position could be read', () => {
  const { reached, message } = new core.SubscriptionTimeoutError(balances, 9, undefined, 50);
  expect(reached).toBeUndefined();
  expect(message).toBe(
    'projection "balances" has a position that could not be read, so that it is not known to be at 9, after 50 ms; check that the database answers, or wait longer',
  );
});

test('a refused login names the reason that the server gave', () => {
  const { message } = new core.LoginRefusedError({ reason: 'no such role' });
  expect(message).toBe('the database refuses the login: no such role');
});
