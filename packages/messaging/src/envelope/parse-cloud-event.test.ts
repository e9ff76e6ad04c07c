import { InvalidMessageError, type RecordedEvent } from '@leftfold/core';
import { describe, expect, test } from 'vitest';
import { type ContentMode, toCloudEvent } from './cloud-event.ts';
import { type DeliveredContent, parseCloudEvent } from './parse-cloud-event.ts';

const event: RecordedEvent = {
  type: 'order.placed',
  schemaVersion: 1,
  data: {},
  id: 'e-1',
  streamId: 'order-1',
  streamVersion: 1,
  position: 4711,
  recordedAt: new Date(0),
  metadata: { correlationId: 'c-1' },
  tags: [],
};
const data = { total: 4.5, note: 'Grüße 🦊' };

function sent(mode: ContentMode): DeliveredContent {
  const message = { type: 'orders.placed', schemaVersion: 2, data };
  const origin = {
    event,
    source: '/shop/orders',
    key: 'order-1',
    previous: '0000000000004700',
    lineage: 'l',
  };
  const { attributes, body, contentType } = toCloudEvent(message, origin, mode);
  return { attributes: mode === 'binary' ? attributes : {}, body, contentType };
}

const encoded = (text: string) => new TextEncoder().encode(text);
const bytes = (value: unknown) => encoded(JSON.stringify(value));

function refused(content: DeliveredContent): string {
  try {
    parseCloudEvent(content).readData();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidMessageError);
    return (error as Error).message;
  }
  throw new Error('it was read');
}

describe.each(['binary', 'structured'] as const)('a message in %s mode', (mode) => {
  test('is read as it was published', () => {
    const read = parseCloudEvent(sent(mode));
    expect(read).toMatchObject({
      id: 'e-1',
      source: '/shop/orders',
      type: 'orders.placed',
      schemaVersion: 2,
      key: 'order-1',
      sequence: '0000000000004711',
      previous: '0000000000004700',
      lineage: 'l',
    });
    expect(read.readData()).toEqual(data);
    expect(read.attributes['correlationid']).toBe('c-1');
  });
});

describe('what is no message of a relay', () => {
  const binary = sent('binary');
  const without = (name: string): DeliveredContent => {
    const { [name]: _, ...attributes } = binary.attributes;
    return { ...binary, attributes };
  };
  const withAttribute = (name: string, value: string): DeliveredContent => ({
    ...binary,
    attributes: { ...binary.attributes, [name]: value },
  });

  test.each(['specversion', 'id', 'source', 'type', 'sequence', 'partitionkey', 'lineage', 'schemaversion'])(
    'without "%s" is refused by its name',
    (name) => {
      expect(refused(without(name))).toBe(`the message cannot be handled: attribute "${name}" is missing`);
      expect(refused(withAttribute(name, ''))).toContain(`attribute "${name}" must be`);
    },
  );

  test.each([
    ['specversion', '0.3'],
    ['sequence', '4711'],
    ['sequence', '0000000000004711.1'],
    ['previous', 'secret'],
    ['previous', '0000000000004711'],
    ['schemaversion', '0'],
    ['schemaversion', '1.5'],
    ['id', 'secret\u0000'],
    ['source', 'secret'.repeat(100)],
    ['lineage', 'secret\ud800'],
  ])('with another form of "%s" is refused without its value', (name, value) => {
    const message = refused(withAttribute(name, value));
    expect(message).toContain(`attribute "${name}"`);
    expect(message).not.toContain('secret');
  });

  test('names all that is wrong', () => {
    expect(refused({ attributes: {}, body: new Uint8Array(), contentType: undefined })).toMatch(
      /"specversion" is missing.*"id" is missing.*"schemaversion" is missing/,
    );
  });

  test('is refused when the body is no JSON', () => {
    for (const body of [new Uint8Array(), Uint8Array.of(0xff), new TextEncoder().encode('{"secret":')]) {
      expect(refused({ ...binary, body })).toContain('its data is no JSON in UTF-8');
      expect(refused({ ...sent('structured'), body })).toContain('its body is no JSON in UTF-8');
    }
    expect(refused({ ...binary, contentType: 'application/avro' })).toContain('not JSON by its content type');
  });

  test('is refused in structured mode when it is no object, a batch, or in another format', () => {
    const structured = sent('structured');
    for (const body of [[], 'secret', 1, null])
      expect(refused({ ...structured, body: bytes(body) })).toContain('its body is no JSON object');
    for (const format of ['-batch+json', '+avro', ''])
      expect(refused({ ...structured, contentType: `application/cloudevents${format}` })).toContain(
        'another format than JSON',
      );
    expect(refused({ ...structured, body: bytes({ ...binary.attributes, id: { secret: 1 } }) })).toContain(
      'attribute "id" is no text',
    );
    expect(refused({ ...structured, body: bytes(binary.attributes) })).toContain('it has no data');
  });

  test('is refused without being parsed when it is nested deeply', () => {
    const levels = 20_000;
    const deep = `${'['.repeat(levels)}"\\"["${']'.repeat(levels)}`;
    const { attributes } = binary;
    const whole = `{"specversion":"1.0","data":${deep}}`;
    for (const [content, what] of [
      [{ ...binary, body: encoded(deep) }, 'its data'],
      [{ ...sent('structured'), body: encoded(whole) }, 'its body'],
    ] as const)
      expect(refused(content)).toContain(`${what} is nested in more than 10000 levels`);
    const flat = `[${'{"a":"[\\"{"},'.repeat(20_000)}[[]]]`;
    expect(
      parseCloudEvent({ attributes, body: encoded(flat), contentType: undefined }).readData(),
    ).toHaveLength(20_001);
  });

  test('is refused when it has more members than a message has attributes, and none is shown', () => {
    const members = Object.fromEntries(Array.from({ length: 1_001 }, (_, place) => [`secret${place}`, 1]));
    const message = refused({ ...sent('structured'), body: bytes(members) });
    expect(message).toContain('more than 1000 members');
    const named = refused({ ...sent('structured'), body: bytes({ 'my secret': {} }) });
    expect(named).toContain('an attribute with another name');
    expect(message + named).not.toContain('secret');
  });

  test('has no attribute of the prototype of objects', () => {
    const attributes = Object.create({ id: 'inherited' }) as Record<string, string>;
    expect(refused({ ...binary, attributes })).toContain('"id" is missing');
  });
});

test('numbers and booleans of structured content become text, and base64 data is read', () => {
  const attributes = { ...sent('binary').attributes, schemaversion: 2, flag: true, subject: null };
  const encoded = Buffer.from(JSON.stringify(data)).toString('base64');
  const contentType = 'Application/CloudEvents+JSON; charset=utf-8';
  const read = parseCloudEvent({
    attributes: {},
    body: bytes({ ...attributes, data_base64: encoded }),
    contentType,
  });
  expect(read.schemaVersion).toBe(2);
  expect(read.attributes).toMatchObject({ flag: 'true' });
  expect(read.readData()).toEqual(data);
});
