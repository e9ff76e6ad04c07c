import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { InvalidEventError } from '../errors/definition-errors.ts';
import { asOwnJson, asStoredData, assertStorable, isStorableJson, ownToJson } from './storable-json.ts';

function issueOf(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (error instanceof InvalidEventError) return error.issues[0];
    throw error;
  }
  return undefined;
}

/** What work takes of the processor, which does not depend on what else the machine does. */
function millisecondsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user / 1_000;
}

/** As the data of an event is written. */
const toJson = (owner: string, schemaVersion: number, value: unknown, schema?: z.ZodType) =>
  ownToJson(owner, schemaVersion, asOwnJson(owner, schemaVersion, value, schema), schema);

const store = (value: unknown, schema?: z.ZodType) =>
  assertStorable('note.written', 1, value, toJson('note.written', 1, value, schema), schema);

describe('JSON text', () => {
  test.each(['a\u0000', '\\\u0000', '\\\\\u0000', '\ud83e', 'x\udd8a', 'é\u0001\u0000'])(
    'cannot be stored with the text %j in it',
    (text) => {
      expect(isStorableJson(JSON.stringify(text))).toBe(false);
      expect(isStorableJson(JSON.stringify({ [text]: 1 }))).toBe(false);
    },
  );

  test.each(['', '\\u0000', '\\\\u0000', '\\ud83e', 'C:\\users\\udd8a', '🦊', '\u0001\u001f', '\\', 'u0000'])(
    'can be stored with the text %j in it',
    (text) => {
      expect(isStorableJson(JSON.stringify([text, { [text]: text }]))).toBe(true);
    },
  );

  test('is searched in one pass, with any number of backslashes', () => {
    const slow = JSON.stringify('\\'.repeat(500_000) + '\\u\\u'.repeat(200_000));
    expect(millisecondsOf(() => expect(isStorableJson(slow)).toBe(true))).toBeLessThan(1_000);
  });
});

describe('a value that cannot be stored', () => {
  test('is reported by its path', () => {
    const schema = z.object({ a: z.union([z.array(z.object({ b: z.string() })), z.looseObject({})]) });
    expect(issueOf(() => store({ a: [{ b: 'x' }, { b: '\u0000' }] }, schema))).toMatchObject({
      path: 'a.1.b',
      code: 'unstorable_character',
    });
    expect(issueOf(() => store({ a: { 'k\ud83e': 1 } }, schema))?.path).toBe('a.*');
    expect(issueOf(() => store('\u0000', schema))?.path).toBe('');
  });

  test('is reported by the depth alone, where it has no schema', () => {
    for (const value of [{ secret: [{ secret: '\u0000' }] }, { secret: [{ 'secret\ud83e': 1 }] }])
      expect(issueOf(() => store(value))?.path).toBe('*.*.*');
    for (const work of [toJson, asStoredData])
      expect(issueOf(() => work('a.b', 1, { secret: { secret: Number.NaN } }))?.path).toBe('*.*');
  });

  test('is reported without the keys of a record, where its schema is known', () => {
    const schema = z.object({ lines: z.array(z.record(z.string(), z.string())) });
    const value = { lines: [{ secret: '\u0000' }] };
    const path = 'lines.0.*';
    expect(issueOf(() => assertStorable('a.b', 1, value, JSON.stringify(value), schema))?.path).toBe(path);
    const changed = { lines: [{ secret: Number.NaN }] };
    expect(issueOf(() => toJson('a.b', 1, changed, schema))?.path).toBe(path);
    expect(issueOf(() => asStoredData('a.b', 1, changed, schema))?.path).toBe(path);
  });

  test('is found in one pass below thousands of levels, and its path is abridged', () => {
    let value: unknown = '\u0000';
    for (let depth = 0; depth < 2_500; depth += 1) value = { pad: 'x'.repeat(400), next: value };
    const json = toJson('note.written', 1, value);
    let issue: ReturnType<typeof issueOf>;
    const took = millisecondsOf(() => {
      issue = issueOf(() => assertStorable('note.written', 1, value, json));
    });
    expect(took).toBeLessThan(500);
    expect(issue?.path).toMatch(/^\*\.\*\.[*.]*\.\.\.$/);
    expect(issue?.path).toHaveLength(203);
  });

  test('is found in an array without elements, of any length', () => {
    const schema = z.object({ names: z.array(z.any()) });
    expect(() => toJson('account.opened', 1, { names: new Array(2 ** 32 - 1) }, schema)).toThrow(
      'names.0: is undefined',
    );
  });

  test('is refused when it is too deep or contains itself', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    let deep: unknown = 1;
    for (let depth = 0; depth < 200_000; depth += 1) deep = [deep];
    for (const value of [circle, deep, { circle, after: 1n }])
      expect(issueOf(() => toJson('note.written', 1, value))).toMatchObject({ path: '', code: 'too_deep' });
  });
});

describe('a value that JSON would change', () => {
  class Money {
    readonly cents = 7;
  }
  const holed = Array(2);
  holed[0] = 1;
  const throwing = Object.defineProperty({}, 'a', {
    enumerable: true,
    get: () => {
      throw new Error('secret');
    },
  });

  const toJSON = () => 'replaced';
  const hidden = (value: object) => Object.defineProperty(value, 'toJSON', { value: toJSON });
  const throwingToJson = Object.defineProperty({}, 'toJSON', {
    get: () => {
      throw new Error('secret');
    },
  });

  /** Declares the names of the values below. */
  const parts: z.ZodType = z.lazy(() =>
    z.union([z.object({ a: z.any(), b: z.union([z.any(), parts]) }), z.array(parts)]),
  );

  test.each([
    ['NaN', Number.NaN, '', 'is NaN or an infinity'],
    ['an infinity', [Number.NEGATIVE_INFINITY], '0', 'is NaN or an infinity'],
    ['a bigint', 1n, '', 'is a bigint'],
    ['undefined', undefined, '', 'is undefined'],
    ['undefined in a list', [1, undefined], '1', 'is undefined'],
    ['a list with a hole', holed, '1', 'is undefined'],
    ['a function', { a: () => 1 }, 'a', 'is a function'],
    ['an object with toJSON', { a: { toJSON } }, 'a', 'has a toJSON function'],
    ['an object with a hidden toJSON', { a: hidden({ b: 1 }) }, 'a', 'has a toJSON function'],
    ['a list with toJSON', { a: Object.assign([1], { toJSON }) }, 'a', 'has a toJSON function'],
    ['a list with a hidden toJSON', hidden([1]), '', 'has a toJSON function'],
    ['a toJSON that throws', { a: throwingToJson }, 'a', 'has a getter that throws'],
    ['a symbol', { a: Symbol('secret') }, 'a', 'is a symbol'],
    ['a member named by a symbol', { a: { [Symbol('secret')]: 1 } }, 'a', 'has a member named by a symbol'],
    ['a Date', { a: new Date(0) }, 'a', 'is an instance of Date'],
    ['a Map', { a: new Map([[1, 2]]) }, 'a', 'is an instance of Map'],
    ['a Set', { a: new Set([1]) }, 'a', 'is an instance of Set'],
    ['a typed array', { a: new Uint8Array(2) }, 'a', 'is an instance of Uint8Array'],
    ['a text as an object', new String('a'), '', 'is an instance of String'],
    ['an instance of a class', [{ a: new Money() }], '0.a', 'is an instance of Money'],
    ['an instance of a class without a name', new (class {})(), '', 'is an instance of a class'],
    ['a list with a class', { a: new (class List extends Array {})() }, 'a', 'is an instance of List'],
    ['a getter that throws', { b: throwing }, 'b.a', 'has a getter that throws'],
    ['two of them', { b: Number.NaN, a: 1n }, 'b', 'is NaN or an infinity'],
  ])('is refused by its path: %s', (_, value, path, problem) => {
    for (const work of [toJson, asStoredData]) {
      const issue = issueOf(() => work('note.written', 1, value, parts));
      expect(issue).toMatchObject({ path, code: 'not_json' });
      expect(issue?.message).toMatch(new RegExp(`^${problem}, which JSON cannot keep; give text`));
    }
  });

  test('is none with a member toJSON that is no function', () => {
    expect(toJson('note.written', 1, { toJSON: 1 })).toBe('{"toJSON":1}');
  });

  test('is any object while all of them inherit a toJSON', () => {
    Object.defineProperty(Object.prototype, 'toJSON', { value: toJSON, configurable: true });
    try {
      expect(issueOf(() => toJson('note.written', 1, { a: 1 }))?.message).toMatch(/^has a toJSON function/);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'toJSON');
    }
  });

  test('is none of those that only leave out what is undefined', () => {
    const bare: unknown = Object.assign(Object.create(null), { a: 1 });
    expect(toJson('note.written', 1, { a: undefined, b: [bare, -0, ''] })).toBe('{"b":[{"a":1},0,""]}');
  });
});
