import { defineEvents, schemaVersions } from '@leftfold/core';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { checkCompatibility } from './check-compatibility.ts';
import { describeLanguage } from './describe-language.ts';

const source = '/shop/orders';
const text = z.string();
const object = (shape: Readonly<Record<string, z.ZodType>>) => z.object(shape);

const languageOf = (messages: Parameters<typeof defineEvents>[1]) =>
  describeLanguage({ source, messages: [defineEvents('orders', messages)] });
/** As it is committed, and read again. */
const committed = (language: unknown): unknown => JSON.parse(JSON.stringify(language));

function changesOf(before: z.ZodType, after: z.ZodType): readonly string[] {
  const [was, is] = [before, after].map((schema) => languageOf({ placed: schema as never }));
  return checkCompatibility(committed(was), is!).map(
    ({ breaking, path, change }) => `${breaking ? 'breaking' : 'harmless'} ${path}: ${change}`,
  );
}

describe('a change of what is published without a new version', () => {
  test.each<[string, z.ZodType, z.ZodType, readonly string[]]>([
    ['nothing', object({ a: text }), object({ a: text }), []],
    ['a description', object({ a: text }), object({ a: text.describe('it') }), []],
    ['a refinement', object({ a: text }), object({ a: text.refine((a) => a !== 'x') }), []],
    ['a field', object({ a: text }), object({ a: text, b: text }), ['harmless b: required field added']],
    ['an optional field', object({}), object({ b: text.optional() }), ['harmless b: optional field added']],
    [
      'a field to a strict object',
      z.strictObject({}),
      z.strictObject({ b: text }),
      ['breaking b: required field added'],
    ],
    [
      'an optional field to one',
      z.strictObject({}),
      z.strictObject({ b: text.optional() }),
      ['breaking b: optional field added'],
    ],
    ['no field', object({ a: text }), object({}), ['breaking a: field removed']],
    ['no optional field', object({ a: text.optional() }), object({}), ['harmless a: field removed']],
    ['made optional', object({ a: text }), object({ a: text.optional() }), ['breaking a: made optional']],
    ['made required', object({ a: text.optional() }), object({ a: text }), ['harmless a: made required']],
    [
      'another type',
      object({ a: text }),
      object({ a: z.number() }),
      ['breaking a: type changed from string to number'],
    ],
    ['null', object({ a: text }), object({ a: text.nullable() }), ['breaking a: null added']],
    ['no null', object({ a: text.nullable() }), object({ a: text }), ['harmless a: null removed']],
    [
      'an enum value',
      object({ a: z.enum(['x']) }),
      object({ a: z.enum(['x', 'y']) }),
      ['breaking a: value "y" added'],
    ],
    [
      'no enum value',
      object({ a: z.enum(['x', 'y']) }),
      object({ a: z.enum(['x']) }),
      ['harmless a: value "y" removed'],
    ],
    [
      'an enum to text',
      object({ a: z.enum(['x']) }),
      object({ a: text }),
      ['breaking a: value "x" widened to string'],
    ],
    [
      'text to an enum',
      object({ a: text }),
      object({ a: z.enum(['x']) }),
      ['harmless a: string narrowed to value "x"'],
    ],
    [
      'another literal',
      object({ a: z.literal('x') }),
      object({ a: z.literal('y') }),
      ['breaking a: value "x" narrowed to value "y"'],
    ],
    [
      'a higher maximum',
      object({ a: z.number().max(5) }),
      object({ a: z.number().max(9) }),
      ['breaking a: maximum changed from 5 to 9'],
    ],
    [
      'a lower maximum',
      object({ a: z.number().max(9) }),
      object({ a: z.number().max(5) }),
      ['harmless a: maximum changed from 9 to 5'],
    ],
    [
      'a lower minimum',
      object({ a: z.number().min(5) }),
      object({ a: z.number().min(3) }),
      ['breaking a: minimum changed from 5 to 3'],
    ],
    ['a length', object({ a: text }), object({ a: text.max(3) }), ['harmless a: maxLength 3 added']],
    ['no length', object({ a: text.max(3) }), object({ a: text }), ['breaking a: maxLength 3 removed']],
    [
      'another pattern',
      object({ a: text.regex(/a/) }),
      object({ a: text.regex(/b/) }),
      ['breaking a: pattern changed from "a" to "b"'],
    ],
    [
      'number to integer',
      object({ a: z.number().min(-9_007_199_254_740_991).max(9_007_199_254_740_991) }),
      object({ a: z.int() }),
      ['harmless a: type changed from number to integer'],
    ],
    [
      'any value',
      object({ a: text }),
      object({ a: z.any() }),
      expect.arrayContaining(['breaking a: accepts any value']) as never,
    ],
    [
      'elements',
      object({ a: z.array(object({ b: text })) }),
      object({ a: z.array(object({})) }),
      ['breaking a[].b: field removed'],
    ],
  ])('%s', (_, before, after, expected) => {
    expect(changesOf(before, after)).toEqual(expected);
  });
});

describe('a change of the messages', () => {
  const first = languageOf({ placed: z.object({ a: text }), shipped: z.object({}) });
  const second = schemaVersions(z.object({ a: text }));
  const upcast = ({ a }: { a: string }) => ({ b: a });
  const compare = (after: typeof first) => checkCompatibility(committed(first), after);

  test('is breaking when one is removed, and not when one is added', () => {
    const after = languageOf({ placed: z.object({ a: text }), returned: z.object({}) });
    expect(compare(after)).toMatchObject([
      {
        type: 'orders.shipped',
        breaking: true,
        change: 'message removed',
        fix: 'go on publishing orders.shipped',
      },
      {
        type: 'orders.returned',
        breaking: false,
        change:
          'message added: release the consumers first, since those that do not know it set its keys aside',
        fix: undefined,
      },
    ]);
  });

  test('is breaking when a version is published that consumers do not know', () => {
    const shipped = z.object({});
    const next = z.object({ b: text });
    const prepared = languageOf({ placed: second.written().next(next, upcast), shipped });
    const published = languageOf({ placed: second.next(next, upcast), shipped });
    expect(compare(prepared)).toMatchObject([
      { breaking: false, schemaVersion: 2, change: 'version 2 added' },
    ]);
    expect(compare(published)).toMatchObject([
      {
        breaking: true,
        change: 'version 2 is published instead of 1',
        fix: expect.stringContaining('publish version 1 until all consumers read version 2') as string,
      },
      { breaking: false, change: 'version 2 added' },
    ]);
    expect(checkCompatibility(committed(prepared), published)).toMatchObject([
      { breaking: false, change: 'version 2 is published instead of 1' },
    ]);
  });

  test('says how to make a breaking one', () => {
    const after = languageOf({ placed: z.object({}), shipped: z.object({}) });
    expect(compare(after)).toMatchObject([
      {
        schemaVersion: 1,
        path: 'a',
        fix: expect.stringMatching(/restore the schema of version 1.*version 2/) as string,
      },
    ]);
  });

  test('is breaking when the source is another', () => {
    const after = describeLanguage({
      source: '/other',
      messages: [defineEvents('orders', { placed: z.object({ a: text }), shipped: z.object({}) })],
    });
    expect(compare(after)).toMatchObject([
      { type: undefined, breaking: true, change: 'source changed from /shop/orders to /other' },
    ]);
  });

  test('is found in descriptions only', () => {
    for (const before of [
      undefined,
      {},
      { format: 2 },
      { ...first, messages: { a: {} } },
      { ...first, messages: { a: { schemaVersion: 1, versions: { 1: 1 } } } },
    ])
      expect(() => checkCompatibility(before, first)).toThrow(
        /before must be a description of a published language/,
      );
    expect(() => checkCompatibility(first, {} as never)).toThrow(/after must be a description/);
  });
});
