import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { uuidv7 } from '../naming/uuid-v7.ts';
import { latestToken, type LogToken, parseLogToken, placeOfToken, tokenOf } from './log-token.ts';

// The same programs on every machine.
fc.configureGlobal({ seed: 1, numRuns: 500 });

const positions = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
/** Each is well-formed, as an id in the log is. */
const ids = fc.oneof(
  fc.uuid({ version: 7 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 100 }),
  fc.constantFrom('.', '_', '%', '%41', '_41', 'order-17:1', 'v1.0', "a!~*'()b"),
);
const events = fc.record({ position: positions, id: ids });

describe('a token', () => {
  test('has the position and the id of its event', () => {
    fc.assert(
      fc.property(events, ({ position, id }) => {
        const token = tokenOf({ position, id });
        expect(token).toMatch(/^v1\.[A-Za-z0-9._-]+$/);
        expect(parseLogToken(JSON.parse(JSON.stringify(token)))).toBe(token);
        expect(placeOfToken('token', token)).toEqual({ position, eventId: id });
      }),
    );
  });

  test('of two events differs', () => {
    fc.assert(
      fc.property(events, events, (one, other) => {
        expect(tokenOf(one) === tokenOf(other)).toBe(one.position === other.position && one.id === other.id);
      }),
    );
  });

  test('with an id that is made by default is short', () => {
    expect(tokenOf({ position: 4_000_000, id: uuidv7(1_760_000_000_000) })).toHaveLength(47);
  });

  test('without an event is that of the beginning of the log', () => {
    expect(placeOfToken('token', tokenOf(undefined))).toEqual({ position: 0 });
    expect(parseLogToken(tokenOf(undefined))).toBe('v1.0');
  });

  test('is the latest of several by its position', () => {
    const [low, high] = [9, 10].map((position) => tokenOf({ position, id: 'a' }));
    expect(latestToken([low!, high!, tokenOf(undefined)])).toBe(high);
    expect(latestToken([])).toBe(tokenOf(undefined));
    expect(latestToken([undefined, low, undefined])).toBe(low);
    expect(() => latestToken(['9' as LogToken])).toThrow(InvalidArgumentError);
    const other = tokenOf({ position: placeOfToken('token', high).position, id: 'of-another-log' });
    expect(() => latestToken([low!, high!, other])).toThrow(/two events at position/);
  });

  test('of one of several events that a stored one is read as names that one, unless it is the last', () => {
    const at = (index: number) => {
      const readFrom = { type: 'a.b', schemaVersion: 1, index, count: 3 };
      return tokenOf({ position: 9, id: 'order.1', readFrom });
    };
    const whole = tokenOf({ position: 9, id: 'order.1' });
    expect(placeOfToken('token', at(1))).toEqual({ position: 9, eventId: 'order.1', index: 1 });
    expect(parseLogToken(at(0))).toBe('v1.9-0.order.1');
    expect(at(2)).toBe(whole);
    expect(latestToken([at(1), at(0)])).toBe(at(1));
    expect(latestToken([whole, at(1)])).toBe(whole);
    for (const text of ['v1.9-01.a', 'v1.9-.a', 'v1.9--1.a', 'v1.0-0.a', 'v1.9-1'])
      expect(() => parseLogToken(text)).toThrow(InvalidArgumentError);
  });

  test('of the longest event id is one, and a text that is longer is none', () => {
    for (const character of ['€', '_', '🦊', 'a']) {
      const id = character.repeat(255 / character.length);
      const readFrom = { type: 'a.b', schemaVersion: 1, index: 1_000, count: Number.MAX_SAFE_INTEGER };
      const token = tokenOf({ position: Number.MAX_SAFE_INTEGER, id, readFrom });
      expect(placeOfToken('token', token)).toMatchObject({ eventId: id });
    }
    const before = process.cpuUsage();
    for (const text of ['a', '_E2_82_AC'])
      expect(() => parseLogToken(`v1.9.${text.repeat(10_000_000)}`)).toThrow(
        /^token must be a token: .*, not a text of \d+ characters$/,
      );
    expect(process.cpuUsage(before).user).toBeLessThan(100_000);
  });

  test('cannot be a text or a number by its type', () => {
    expectTypeOf<LogToken>().toExtend<string>();
    expectTypeOf<string>().not.toExtend<LogToken>();
    expectTypeOf<number>().not.toExtend<LogToken>();
  });
});

describe('a text that is no token is refused', () => {
  const refused = (text: unknown) => {
    expect(() => parseLogToken(text)).toThrow(InvalidArgumentError);
  };

  test('when it is a token with a change', () => {
    const change = fc.record({
      at: fc.nat(),
      removed: fc.nat({ max: 3 }),
      added: fc.string({ unit: 'binary', maxLength: 3 }),
    });
    fc.assert(
      fc.property(events, change, (event, { at, removed, added }) => {
        const token = tokenOf(event);
        const start = at % (token.length + 1);
        const text = token.slice(0, start) + added + token.slice(start + removed);
        let place: ReturnType<typeof placeOfToken>;
        try {
          place = placeOfToken('token', text);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidArgumentError);
          return;
        }
        // The change made the token of another event.
        const { position, eventId } = place;
        expect(tokenOf(eventId === undefined ? undefined : { position, id: eventId })).toBe(text);
      }),
    );
  });

  test('when it is any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => refused(text)));
  });

  test.each([
    '',
    'v1',
    'v1.',
    'v1.0.',
    'v1.0.a',
    'v1.7',
    'v1.7.',
    'v1.07.a',
    'v1.-7.a',
    'v1.1e3.a',
    'v1.9007199254740992.a',
    'v1.7.a b',
    'v1.7.a%3A',
    'v1.7._3a',
    'v1.7._41',
    'v1.7._',
    'v1.7._FF',
    'v1.7.a\n',
    ' v1.7.a',
    'v2.7.a',
    '7',
  ])('when it is %j', refused);

  test('and so is anything else, with a message that names the fix', () => {
    for (const value of [7, Number.NaN, undefined, null, {}, [], 7n]) refused(value);
    expect(() => placeOfToken('atLeast', 7)).toThrow(
      "atLeast must be a token: a command's `token`, tokenOf(event), or parseLogToken(text), not 7",
    );
  });
});
