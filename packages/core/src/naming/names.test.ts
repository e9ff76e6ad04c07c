import { describe, expect, test } from 'vitest';
import { InvalidNameError } from '../errors/definition-errors.ts';
import {
  assertCategory,
  assertColumnName,
  assertId,
  assertMemberName,
  assertProjectionName,
  assertSchemaName,
  assertSqlName,
  MAX_ID_LENGTH,
} from './names.ts';
import { aggregateIdOf, categoryOf, streamIdOf } from './stream-id.ts';

/** Its text would need a call for each level. */
function nested(depth: number): unknown {
  let value: unknown = [];
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

describe('an id', () => {
  test.each(['a', 'Käufer 7', 'acc-1-2', '🦊', 'x'.repeat(MAX_ID_LENGTH)])('may be %j', (id) => {
    expect(() => assertId('stream id', id)).not.toThrow();
  });

  test.each([
    ['', 'must be a text that is not empty'],
    ['x'.repeat(MAX_ID_LENGTH + 1), 'is too long: at most 255 characters are allowed'],
    ['a\u0000b', 'has a control character (NUL included); remove it'],
    ['a\nb', 'has a control character (NUL included); remove it'],
    ['a\u007f', 'has a control character (NUL included); remove it'],
    ['a\ud83e', 'has half of a surrogate pair; remove it'],
    ['\udd8ab', 'has half of a surrogate pair; remove it'],
  ])('may not be %j', (id, rule) => {
    const attempt = () => assertId('stream id', id);
    expect(attempt).toThrow(InvalidNameError);
    expect(attempt).toThrow(rule);
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'INVALID_NAME', retryable: false, kind: 'stream id' }),
    );
  });

  test('that is not a text is refused', () => {
    const missing: unknown = undefined;
    expect(() => assertId('stream id', missing as string)).toThrow(
      'stream id undefined must be a text that is not empty',
    );
  });

  test('that is a list within lists is refused, however deep', () => {
    expect(() => assertId('tag', nested(100_000) as string)).toThrow('tag a list must be a text');
    expect(() => assertCategory(nested(100_000) as string)).toThrow('category a list must be a text');
    expect(() => streamIdOf('account', nested(100_000) as string)).toThrow(
      'id of account a list must be a text',
    );
  });

  test('is described in the message when it is long, and escaped when it is short', () => {
    expect(() => assertId('event id', `${'x'.repeat(300)}`)).toThrow(
      'event id of 300 characters is too long',
    );
    expect(() => assertId('event id', 'a\u0000')).toThrow('event id "a\\u0000"');
  });
});

describe('a category', () => {
  test.each(['account', 'bankAccount', 'bank_account2'])('may be %j', (name) => {
    expect(() => assertCategory(name)).not.toThrow();
  });

  test.each(['', 'bank-account', 'bank.account', '2nd', '_x', 'konto ', 'käufer', 'x'.repeat(101)])(
    'may not be %j',
    (name) => {
      expect(() => assertCategory(name)).toThrow(
        expect.objectContaining({ code: 'INVALID_NAME', kind: 'category' }),
      );
    },
  );
});

describe('the name of an event, command or decision', () => {
  test.each(['opened', 'line-added', 'x_1'])('may be %j', (name) => {
    expect(() => assertMemberName('event name', name)).not.toThrow();
  });

  test.each(['', 'a.b', '-a', 'a b', '__proto__', 'x'.repeat(101)])('may not be %j', (name) => {
    expect(() => assertMemberName('event name', name)).toThrow(InvalidNameError);
  });
});

describe('a projection name', () => {
  test.each(['balances', 'monthly_revenue_2'])('may be %j', (name) => {
    expect(() => assertProjectionName(name)).not.toThrow();
  });

  test.each(['', 'Balances', 'balances-2', '2nd', 'x'.repeat(31)])(
    'may not be %j: it names a Postgres schema',
    (name) => {
      expect(() => assertProjectionName(name)).toThrow(InvalidNameError);
    },
  );
});

test('a table or column has at most the 63 characters that Postgres keeps', () => {
  expect(() => assertSqlName('column', 'x'.repeat(63))).not.toThrow();
  expect(() => assertSqlName('column', 'x'.repeat(64))).toThrow(
    'is too long: at most 63 characters are allowed',
  );
  expect(() => assertSqlName('column', 'account id')).toThrow(InvalidNameError);
});

test.each(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid'])('a column may not be %j', (name) => {
  expect(() => assertColumnName('column', name)).toThrow('is a system column of Postgres');
  expect(() => assertColumnName('column', `${name}_2`)).not.toThrow();
  expect(() => assertColumnName('column', 'account id')).toThrow(InvalidNameError);
});

describe('a schema name', () => {
  test.each(['leftfold', 'acme_eu', 'a', 'tenant_7', 'x'.repeat(25)])('may be %j', (name) => {
    expect(() => assertSchemaName(name)).not.toThrow();
  });

  test.each(['', '_acme', 'acme_', 'acme__eu', 'Acme', '7', 'acme$eu', 'x'.repeat(26)])(
    'may not be %j: the schemas of projections add to it',
    (name) => {
      expect(() => assertSchemaName(name)).toThrow(InvalidNameError);
    },
  );
});

test.each(['pg_log', 'pg_catalog', 'information_schema'])('a schema name may not be %j', (name) => {
  expect(() => assertSchemaName(name)).toThrow('is reserved for Postgres; give it another name');
  expect(() => assertSchemaName(`my_${name}`)).not.toThrow();
});

describe('a stream id', () => {
  test('consists of category and id, and both can be read from it, hyphens included', () => {
    const streamId = streamIdOf('account', 'eu-west-7');
    expect(streamId).toBe('account-eu-west-7');
    expect(categoryOf(streamId)).toBe('account');
    expect(aggregateIdOf(streamId)).toBe('eu-west-7');
  });

  test('without a hyphen is a category without an aggregate id', () => {
    expect(categoryOf('audit')).toBe('audit');
    expect(aggregateIdOf('audit')).toBe('');
  });

  test('is refused when a part is invalid, or both are too long together', () => {
    expect(() => streamIdOf('bank-account', '1')).toThrow('category "bank-account"');
    expect(() => streamIdOf('account', '')).toThrow('id of account "" must be');
    expect(() => streamIdOf('account', 'x'.repeat(250))).toThrow('stream id of 258 characters is too long');
  });
});
