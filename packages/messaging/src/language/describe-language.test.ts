import { Parser } from '@asyncapi/parser';
import { type AnyEventGroup, defineEvents, type RecordedEvent, schemaVersions } from '@leftfold/core';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { CloudEvent, HTTP } from 'cloudevents';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ContentMode, toCloudEvent } from '../envelope/cloud-event.ts';
import { defineRelay } from '../relay/define-relay.ts';
import { describeLanguage } from './describe-language.ts';

const line = z.object({ sku: z.string().describe('The article'), count: z.int().positive() });
type Category = { readonly name: string; readonly parts: Category[] };
const category: z.ZodType<Category> = z.object({
  name: z.string(),
  get parts() {
    return z.array(category);
  },
});

const orders = defineEvents('orders', {
  placed: schemaVersions(z.object({ cents: z.int() }))
    .written()
    .next(z.object({ cents: z.int(), lines: z.array(line) }), ({ cents }) => ({ cents, lines: [] })),
  shipped: z.object({
    at: z.iso.datetime(),
    place: z.tuple([z.number(), z.number()]),
    note: z.string().optional(),
  }),
  sorted: z.object({ category }),
  even: z.object({ number: z.int().refine((number) => number % 2 === 0) }),
  'odd-name': z.strictObject({ kind: z.enum(['a', 'b']).nullable() }),
});
const source = '/shop/orders';
const language = describeLanguage({ source, messages: [orders], version: '2.0.0', address: 'shop' });

const event: RecordedEvent = {
  type: 'order.placed',
  schemaVersion: 1,
  data: {},
  id: 'event-1',
  streamId: 'order-1',
  streamVersion: 1,
  position: 4711,
  recordedAt: new Date(0),
  metadata: { correlationId: 'c', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  tags: [],
};

const messageOf = (type: string, data: never, mode: ContentMode, previous?: string) =>
  toCloudEvent(
    { type, schemaVersion: 1, data },
    { event, source, key: 'order-1', previous, lineage: 'first' },
    mode,
  );

const samples = {
  'orders.placed': { cents: 5 },
  'orders.shipped': { at: '2026-01-02T03:04:05Z', place: [1, 2.5] },
  'orders.sorted': { category: { name: 'a', parts: [{ name: 'b', parts: [] }] } },
  'orders.even': { number: 2 },
  'orders.odd-name': { kind: null },
} as unknown as Readonly<Record<string, never>>;

function validatorOf(Kind: typeof Ajv | typeof Ajv2020) {
  const ajv = new Kind({ strict: true, strictTuples: false, allErrors: true });
  formats.default(ajv);
  return ajv;
}

describe('the JSON Schemas of a language', () => {
  const isValid = (type: string, version: number, data: unknown) => {
    const validate = validatorOf(Ajv2020).compile(language.messages[type]!.versions[version]!);
    return validate(data);
  };

  test('accept what is published, with fields that are added later', () => {
    for (const [type, data] of Object.entries(samples)) expect(isValid(type, 1, data)).toBe(true);
    expect(isValid('orders.placed', 1, { cents: 5, later: true })).toBe(true);
    expect(isValid('orders.placed', 2, { cents: 5, lines: [{ sku: 'x', count: 1, later: true }] })).toBe(
      true,
    );
    expect(isValid('orders.odd-name', 1, { kind: 'a', later: true })).toBe(false);
  });

  test('refuse what is not', () => {
    expect(isValid('orders.placed', 1, { cents: 'five' })).toBe(false);
    expect(isValid('orders.placed', 2, { cents: 5, lines: [{ sku: 'x', count: 0 }] })).toBe(false);
    expect(isValid('orders.shipped', 1, { at: 'now', place: [1, 2] })).toBe(false);
    expect(isValid('orders.sorted', 1, { category: { name: 'a', parts: [{ name: 1, parts: [] }] } })).toBe(
      false,
    );
  });

  test('say the version that is published, descriptions, and that a refinement is not in them', () => {
    const placed = language.messages['orders.placed'];
    expect(placed?.schemaVersion).toBe(1);
    expect(Object.keys(placed!.versions)).toEqual(['1', '2']);
    expect(JSON.stringify(placed)).toContain('"description":"The article"');
    expect(language.messages['orders.even']!.versions['1']).toMatchObject({
      properties: { number: { type: 'integer', $comment: expect.stringContaining('cannot say') } },
    });
  });
});

describe('a part that JSON Schema cannot describe', () => {
  test.each<[string, z.ZodType, RegExp]>([
    ['a date', z.object({ at: z.date() }), /orders\.x version 1, at: .*"date".*z\.iso\.datetime\(\)/],
    ['a bigint', z.object({ list: z.array(z.bigint()) }), /orders\.x version 1, list\[\]: .*"bigint"/],
    ['a bigint of 64 bits', z.object({ a: z.int64() }), /a: .*"bigint"/],
    ['a transform', z.object({ a: z.string().transform(Number) }), /a: .*"transform".*schema of its result/],
    [
      'a codec',
      z.object({ a: z.codec(z.string(), z.date(), { decode: (text) => new Date(text), encode: String }) }),
      /"date"/,
    ],
    ['a map', z.record(z.string(), z.map(z.string(), z.string())), /version 1, \*: .*"map"/],
    ['a class', z.object({ a: z.instanceof(URL) }), /a: .*"custom"/],
    ['a literal', z.object({ a: z.literal(1n) }), /a: .*"literal of bigint"/],
  ])('%s is refused by its field, with a fix', (_, schema, words) => {
    const messages = [defineEvents('orders', { x: schema as never })] as unknown as readonly AnyEventGroup[];
    expect(() => describeLanguage({ source, messages })).toThrow(words);
  });

  test('is that of a relay, by its source, messages and mode', () => {
    const refuse = () => Promise.reject(new Error('a test has no broker'));
    const relay = defineRelay({
      name: 'orders-out',
      source,
      events: [orders],
      publishes: [orders],
      mode: 'structured',
      map: { 'orders.placed': ({ data }) => orders.create.placed(data) },
      transport: { name: 'none', openPublisher: refuse, openReceiver: refuse },
    });
    const parts = { source, messages: [orders], mode: 'structured' } as const;
    expect(describeLanguage({ relay, version: '2.0.0' })).toEqual(
      describeLanguage({ ...parts, version: '2.0.0' }),
    );
    expect(() => describeLanguage({ relay: {} as never })).toThrow('made by defineRelay(...)');
    expect(() => describeLanguage({ relay, ...parts })).toThrow('source');
  });

  test('is taken before it is parsed to another schema', () => {
    const schema = z.object({
      a: z.preprocess(String, z.string()),
      b: z.string().trim(),
      c: z.string().catch(''),
    });
    const messages = [defineEvents('orders', { x: schema as never })];
    expect(describeLanguage({ source, messages }).messages['orders.x']!.versions['1']).toMatchObject({
      properties: { a: { type: 'string' }, b: { type: 'string' }, c: { type: 'string' } },
    });
  });
});

describe('the AsyncAPI document', () => {
  const documentOf = (mode: ContentMode) => describeLanguage({ source, messages: [orders], mode }).asyncapi;

  test.each<ContentMode>(['binary', 'structured'])(
    'is valid, with every message, in mode %s',
    async (mode) => {
      const { document, diagnostics } = await new Parser().parse(JSON.stringify(documentOf(mode)));
      expect(diagnostics.filter(({ severity }) => severity === 0)).toEqual([]);
      expect(document?.operations().get('publish')?.action()).toBe('send');
      expect(
        document
          ?.messages()
          .all()
          .map((message) => message.name()),
      ).toEqual(Object.keys(language.messages));
    },
    60_000,
  );

  test('describes the envelope and the data of each message, in both modes', () => {
    for (const mode of ['binary', 'structured'] as const) {
      const document = documentOf(mode);
      const ajv = validatorOf(Ajv).addSchema({ $id: 'document', ...document }, 'document');
      ajv.addVocabulary(Object.keys(document));
      for (const [type, data] of Object.entries(samples)) {
        const message = messageOf(type, data, mode, '0000000000000001.002');
        const body = JSON.parse(new TextDecoder().decode(message.body)) as unknown;
        const at = `document#/components/messages/${type}`;
        expect(ajv.validate({ $ref: `${at}/payload` }, body), ajv.errorsText()).toBe(true);
        if (mode === 'binary')
          expect(ajv.validate({ $ref: `${at}/headers` }, message.attributes), ajv.errorsText()).toBe(true);
        else
          expect(ajv.validate({ $ref: `${at}/payload` }, { ...(body as object), source: 'x' })).toBe(false);
      }
    }
  });
});

describe('a message, by the schema of CloudEvents', () => {
  test.each<ContentMode>(['binary', 'structured'])('is a CloudEvent in mode %s', (mode) => {
    const { attributes, body, contentType } = messageOf('orders.placed', { cents: 5 } as never, mode);
    const prefixed = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]);
    const headers = {
      'content-type': contentType,
      ...(mode === 'binary' ? (Object.fromEntries(prefixed) as Record<string, string>) : {}),
    };
    const parsed = HTTP.toEvent({ headers, body: new TextDecoder().decode(body) });
    expect(parsed instanceof CloudEvent && parsed.validate()).toBe(true);
    expect(parsed).toMatchObject({
      id: 'event-1',
      source,
      type: 'orders.placed',
      data: { cents: 5 },
      sequence: '0000000000004711',
    });
  });
});

test('a retired message is not described, and the order of definitions does not matter', () => {
  const one = defineEvents(
    'b',
    { kept: z.object({}) },
    {
      retired: { gone: { schema: z.object({}), readAs: ['kept'], upcast: (_, to) => to.kept({}) } },
    },
  );
  const other = defineEvents('a', { noted: z.object({}) });
  const described = describeLanguage({ source, messages: [one, other] });
  expect(Object.keys(described.messages)).toEqual(['a.noted', 'b.kept']);
  expect(JSON.stringify(described)).toBe(
    JSON.stringify(describeLanguage({ source, messages: [other, one] })),
  );
});

test('options are checked', () => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [{ messages: [] }, /source must be a text/],
    [{ source, messages: [1] }, /messages\[0\] must be events/],
    [{ source, messages: [], mode: 'x' }, /mode must be/],
    [{ source, messages: [], title: 1 }, /title must be a text/],
    [{ source, messages: [], name: 1 }, /has no member "name"/],
  ];
  for (const [options, words] of wrong) expect(() => describeLanguage(options as never)).toThrow(words);
});
