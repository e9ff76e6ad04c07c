import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvents } from '../event/define-events.ts';
import { schemaVersions, type EventSchema } from '../event/schema-versions.ts';
import { compareEventSchemas } from './compare-event-schemas.ts';
import { eventSchemasOf } from './event-schemas.ts';

/** As it is committed, and read again. */
function committed(schemas: unknown): unknown {
  return JSON.parse(JSON.stringify(schemas));
}

/** The differences when one schema takes the place of another, in short. */
function changesOf(before: z.ZodType, after: z.ZodType): readonly string[] {
  const [was, is] = [before, after].map((schema) =>
    eventSchemasOf([defineEvents('account', { opened: schema as EventSchema })]),
  );
  return compareEventSchemas(committed(was), is!).map(
    ({ breaking, path, change }) => `${breaking ? 'breaking' : 'harmless'} ${path}: ${change}`,
  );
}

const object = (shape: Readonly<Record<string, z.ZodType>>) => z.object(shape);
const text = z.string();

describe('a change of a schema without a new version', () => {
  test.each<[string, z.ZodType, z.ZodType, readonly string[]]>([
    ['nothing', object({ a: text }), object({ a: text }), []],
    ['a description', object({ a: text }), object({ a: text.describe('the first letter') }), []],
    ['the order of fields', object({ a: text, b: text }), object({ b: text, a: text }), []],
    ['a field removed', object({ a: text, b: text }), object({ a: text }), ['breaking b: field removed']],
    [
      'a required field',
      object({ a: text }),
      object({ a: text, b: text }),
      ['breaking b: required field added'],
    ],
    // What is stored was not parsed by the default.
    ['a default', object({}), object({ b: text.default('x') }), ['breaking b: required field added']],
    ['an optional field', object({}), object({ b: text.optional() }), ['harmless b: optional field added']],
    ['made required', object({ a: text.optional() }), object({ a: text }), ['breaking a: made required']],
    ['made optional', object({ a: text }), object({ a: text.optional() }), ['harmless a: made optional']],
    [
      'another type',
      object({ a: text }),
      object({ a: z.number() }),
      ['breaking a: type changed from string to number'],
    ],
    [
      'int to number',
      object({ a: z.int() }),
      object({ a: z.number() }),
      [
        'harmless a: integer widened to number',
        'harmless a: maximum 9007199254740991 removed',
        'harmless a: minimum -9007199254740991 removed',
      ],
    ],
    [
      'an enum value removed',
      object({ a: z.enum(['x', 'y']) }),
      object({ a: z.enum(['x']) }),
      ['breaking a: value "y" removed'],
    ],
    [
      'an enum value added',
      object({ a: z.enum(['x']) }),
      object({ a: z.enum(['x', 'y']) }),
      ['harmless a: value "y" added'],
    ],
    [
      'text to an enum',
      object({ a: text }),
      object({ a: z.enum(['x', 'y']) }),
      ['breaking a: string narrowed to value "x" or value "y"'],
    ],
    [
      'an enum to text',
      object({ a: z.enum(['x']) }),
      object({ a: text }),
      ['harmless a: value "x" widened to string'],
    ],
    [
      'a literal to int',
      object({ a: z.literal(1) }),
      object({ a: z.int() }),
      ['harmless a: value 1 widened to integer'],
    ],
    [
      'another literal',
      object({ a: z.literal('x') }),
      object({ a: z.literal('y') }),
      ['breaking a: value "x" narrowed to value "y"'],
    ],
    ['null accepted', object({ a: text }), object({ a: text.nullable() }), ['harmless a: null added']],
    ['null refused', object({ a: text.nullable() }), object({ a: text }), ['breaking a: null removed']],
    ['longer', object({ a: text }), object({ a: text.min(2) }), ['breaking a: minLength 2 added']],
    [
      'a higher maximum',
      object({ a: z.number().max(5) }),
      object({ a: z.number().max(9) }),
      ['harmless a: maximum changed from 5 to 9'],
    ],
    [
      'a lower maximum',
      object({ a: z.number().max(9) }),
      object({ a: z.number().max(5) }),
      ['breaking a: maximum changed from 9 to 5'],
    ],
    [
      'a format',
      object({ a: text }),
      object({ a: z.email() }),
      ['breaking a: format "email" added', expect.stringMatching(/^breaking a: pattern/) as string],
    ],
    [
      'nested',
      object({ a: object({ b: text }) }),
      object({ a: object({}) }),
      ['breaking a.b: field removed'],
    ],
    [
      'elements',
      object({ a: z.array(object({ b: text })) }),
      object({ a: z.array(object({ b: z.boolean() })) }),
      ['breaking a[].b: type changed from string to boolean'],
    ],
    [
      'record values',
      z.record(text, z.int()),
      z.record(text, text),
      ['breaking *: type changed from integer to string'],
    ],
    ['other fields accepted', object({}), z.looseObject({}), ['harmless *: other fields are accepted']],
    [
      'other fields refused',
      z.looseObject({}),
      object({}),
      ['breaking *: other fields are not accepted any more'],
    ],
    ['any', object({ a: z.json() }), object({ a: z.any() }), ['harmless a: accepts any value']],
  ])('%s', (_, before, after, expected) => {
    expect(changesOf(before, after)).toEqual(expected);
  });

  test('of one alternative of a union is found by its constant fields', () => {
    const kinds = (person: z.ZodType, ...others: z.ZodType[]) =>
      z.union([person, object({ kind: z.literal('company'), tax: text }), ...others]);
    const person = object({ kind: z.literal('person'), name: text });
    expect(changesOf(kinds(person), kinds(object({ kind: z.literal('person') })))).toEqual([
      'breaking name: field removed',
    ]);
    const bot = object({ kind: z.literal('bot') });
    expect(changesOf(kinds(person), kinds(person, bot))).toEqual(['harmless : object with kind "bot" added']);
    expect(changesOf(kinds(person, bot), kinds(person))).toEqual([
      'breaking : object with kind "bot" removed',
    ]);
  });

  test('of a recursive schema is found', () => {
    const tree = (leaf: z.ZodType) => {
      const node: z.ZodType = z.object({
        leaf,
        get nodes() {
          return z.array(node);
        },
      });
      return node;
    };
    expect(changesOf(tree(text), tree(text))).toEqual([]);
    expect(changesOf(tree(text), tree(z.int()))).toContain(
      'breaking leaf: type changed from string to integer',
    );
  });

  test('of what JSON Schema cannot say is reported as not compared', () => {
    const refined = object({ a: text.refine((a) => a !== ''), b: text.trim(), c: text.transform(Number) });
    const { versions } = eventSchemasOf([
      defineEvents('account', { opened: refined as unknown as EventSchema }),
    ]).events['account.opened']!;
    expect(versions['1']?.notCompared).toEqual(['a: refine', 'b: overwrite', 'c: pipe', 'c: transform']);
    expect(changesOf(object({ a: text }), object({ a: text.refine((a) => a !== '') }))).toEqual([
      'harmless : a: refine added, which is not compared',
    ]);
  });
});

describe('a change of an event', () => {
  const first = defineEvents('account', { created: z.object({ name: text }), viewed: z.object({}) });
  const compare = (...groups: Parameters<typeof eventSchemasOf>[0]) =>
    compareEventSchemas(committed(eventSchemasOf([first])), eventSchemasOf(groups));

  test('with a new version and an upcast is not breaking', () => {
    const second = defineEvents('account', {
      created: schemaVersions(z.object({ name: text })).next(z.object({ owner: text }), (v1) => ({
        owner: v1.name,
      })),
      viewed: z.object({}),
    });
    expect(compare(second)).toMatchObject([
      { type: 'account.created', breaking: false, change: 'version 2 added' },
    ]);
    const lowered = compareEventSchemas(committed(eventSchemasOf([second])), eventSchemasOf([first]));
    expect(lowered).toMatchObject([
      {
        type: 'account.created',
        breaking: true,
        change: 'version lowered from 2 to 1',
        fix: expect.stringContaining('schemaVersions') as string,
      },
    ]);
  });

  test('that is removed or renamed is breaking until it is retired', () => {
    const shapes = { opened: z.object({ name: text }) };
    expect(compare(defineEvents('account', shapes))).toMatchObject([
      {
        type: 'account.created',
        breaking: true,
        change: 'event renamed to account.opened, and not retired',
        fix: expect.stringContaining("readAs: ['opened']") as string,
      },
      { type: 'account.viewed', breaking: true, change: 'event removed, and not retired' },
      { type: 'account.opened', breaking: false, change: 'event added' },
    ]);
    const created = {
      schema: z.object({ name: text }),
      readAs: ['opened'],
      upcast: (data: { name: string }, to: { opened: (data: { name: string }) => never }) => to.opened(data),
    } as const;
    const retiring = defineEvents('account', shapes, {
      retired: { created, viewed: { schema: z.object({}), readAs: [] } } as never,
    });
    expect(compare(retiring)).toMatchObject([
      { type: 'account.created', breaking: false, change: 'retired, and read as account.opened' },
      { type: 'account.viewed', breaking: false, change: 'retired, and read as nothing' },
      { type: 'account.opened', breaking: false },
    ]);
    const dropped = compareEventSchemas(
      committed(eventSchemasOf([retiring])),
      eventSchemasOf([defineEvents('account', shapes)]),
    );
    expect(dropped.map(({ breaking }) => breaking)).toEqual([true, true]);
  });

  test('of an older version is breaking although a newer one exists', () => {
    const versions = (v1: z.ZodType<{ name: string }>) =>
      eventSchemasOf([
        defineEvents('account', {
          created: schemaVersions(v1).next(z.object({ owner: text }), (data) => ({ owner: data.name })),
        }),
      ]);
    expect(
      compareEventSchemas(
        committed(versions(z.object({ name: text }))),
        versions(z.object({ name: text.min(1) })),
      ),
    ).toMatchObject([
      {
        schemaVersion: 1,
        path: 'name',
        breaking: true,
        fix: expect.stringContaining('restore the schema of version 1') as string,
      },
    ]);
  });
});

test('the document has all versions and targets, in the order of names, whatever the order of definitions', () => {
  const fields = { b: text, a: z.int().positive() };
  const one = defineEvents(
    'account',
    {
      opened: schemaVersions(z.object(fields))
        .written()
        .next(z.object({ a: text }), () => ({ a: '' })),
      closed: z.object({}),
    },
    {
      retired: { gone: { schema: z.object({}), readAs: ['closed'], upcast: (_, to) => to.closed({}) } },
    },
  );
  const other = defineEvents('other', { noted: text });
  const schemas = eventSchemasOf([other, one]);
  expect(JSON.stringify(schemas)).toBe(JSON.stringify(eventSchemasOf([one, other])));
  expect(Object.keys(schemas.events)).toEqual([
    'account.closed',
    'account.gone',
    'account.opened',
    'other.noted',
  ]);
  expect(schemas.events['account.gone']).toMatchObject({ readAs: ['account.closed'] });
  expect(schemas.events['account.opened']).toMatchObject({ schemaVersion: 2, written: 1 });
  expect(schemas.events['account.opened']?.versions['1']).toEqual({
    schema: {
      additionalProperties: false,
      properties: {
        a: { exclusiveMinimum: 0, maximum: 9007199254740991, type: 'integer' },
        b: { type: 'string' },
      },
      required: ['a', 'b'],
      type: 'object',
    },
  });
});

test('what is no description is refused', () => {
  const defined = eventSchemasOf([]);
  for (const committed of [
    undefined,
    null,
    1,
    {},
    { format: 2, events: {} },
    { format: 1, events: { a: {} } },
    { format: 1, events: { a: { schemaVersion: 1, versions: { 1: 2 } } } },
  ])
    expect(() => compareEventSchemas(committed, defined)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
});
