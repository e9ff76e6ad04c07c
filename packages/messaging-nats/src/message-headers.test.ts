import { headers } from '@nats-io/transport-node';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readHeaders, toHeaders } from './message-headers.ts';

const messageWith = (attributes: Readonly<Record<string, string>>, contentType = 'application/json') => ({
  id: '1',
  key: 'a',
  sequence: '1',
  attributes,
  body: new Uint8Array(),
  contentType,
});

test('attributes of any text come back as they were, and nothing is sent that ends a line', () => {
  const attributes = fc.dictionary(
    fc.stringMatching(/^[a-z0-9]{1,20}$/),
    fc.string({ unit: fc.oneof(fc.constantFrom('\r', '\n', '\0', '"', '%', ' ', '🦋'), fc.string()) }),
  );
  fc.assert(
    fc.property(attributes, (given) => {
      const texts = Object.fromEntries(
        Object.entries(given).map(([name, text]) => [name, text.toWellFormed()]),
      );
      const made = toHeaders(messageWith(texts));
      for (const [, values] of made) for (const value of values) expect(value).toMatch(/^[\x21-\x7e]*$/);
      expect(readHeaders(made)).toEqual({ attributes: texts, contentType: 'application/json' });
    }),
  );
});

test('structured content has its attributes in the body', () => {
  const made = toHeaders(messageWith({ id: '1' }, 'application/cloudevents+json'));
  expect(readHeaders(made)).toEqual({ attributes: {}, contentType: 'application/cloudevents+json' });
});

test('headers of another program are read as the binding says', () => {
  const made = headers();
  made.set('CE-Type', '"a \\"quoted\\" text"');
  made.set('ce-subject', 'Euro%20%E2%82%AC%20%zz%');
  made.set('ce-datacontenttype', 'text/plain');
  made.set('ce-', 'no name');
  made.set('Other', 'x');
  expect(readHeaders(made)).toEqual({
    attributes: { type: 'a "quoted" text', subject: 'Euro € %zz%', datacontenttype: 'text/plain' },
    contentType: 'text/plain',
  });
  expect(readHeaders(undefined)).toEqual({ attributes: {}, contentType: undefined });
});
