import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { fingerprintOf, sameFingerprint } from './command-fingerprint.ts';

const schema = z.object({
  a: z.union([z.unknown(), z.array(z.unknown())]),
  b: z.record(z.string(), z.unknown()),
});
const of = (given: unknown, parsed = given) =>
  fingerprintOf({
    name: 'box.fill',
    commandId: 'c-1',
    streamIds: ['box-1'],
    inputs: [given, parsed],
    schema,
  });

class Secret {
  readonly #hidden: unknown;
  constructor(hidden: unknown) {
    this.#hidden = hidden;
  }
  reveal = () => this.#hidden;
}

class SecretMap extends Map<string, number> {
  readonly reveal = () => '4929';
}
class SecretDate extends Date {
  readonly reveal = () => '4929';
}

describe('the fingerprint of a command', () => {
  test.each<[string, unknown, unknown]>([
    ['NaN and null', Number.NaN, null],
    ['NaN and an infinity', Number.NaN, Number.POSITIVE_INFINITY],
    ['undefined and null in a list', [undefined], [null]],
    ['a bigint and a number', 1n, 1],
    ['a Date and its text', new Date(0), new Date(0).toISOString()],
    ['two Dates', new Date(0), new Date(1)],
    ['an invalid Date and null', new Date(Number.NaN), null],
    ['two Maps', new Map([['a', 1]]), new Map([['a', 2]])],
    ['two lists of bytes', Uint8Array.of(1), Uint8Array.of(2)],
    ['lists of other lengths', Array(2), Array(3)],
    ['bytes of another type', Uint8Array.of(1, 0), Uint16Array.of(1)],
    ['a Map and a list of its entries', new Map([['a', 1]]), [['a', 1]]],
    ['two Sets', new Set([1]), new Set([2])],
  ])('is another one for %s', (_, one, other) => {
    expect(sameFingerprint(of({ value: one }), of({ value: other }))).toBe(false);
    expect(sameFingerprint(of({ value: one }), of({ value: one }))).toBe(true);
  });

  test('is the same for equal inputs, in whatever order their fields are', () => {
    expect(of({ a: 1, b: { c: -0, d: undefined } })).toBe(of({ b: { c: 0 }, a: 1 }));
  });

  test('is that of the form that can be compared, when the schema makes an instance of a class', () => {
    expect(sameFingerprint(of('1', new Secret(1)), of('2', new Secret(2)))).toBe(false);
    expect(sameFingerprint(of(new Secret(1), '1'), of(new Secret(2), '2'))).toBe(false);
    expect(sameFingerprint(of('1', new Secret(1)), of('1', new Secret(1)))).toBe(true);
  });

  const throwing = {
    get a(): never {
      throw new Error('4929');
    },
  };

  test.each<[string, unknown, string]>([
    ['an instance of a class', { a: [new Secret('4929')] }, 'input.a.0'],
    ['a function', { a: () => '4929' }, 'input.a'],
    ['a symbol', Symbol('4929'), 'input'],
    ['a function under a key of a record', { b: { '4929': () => 1 } }, 'input.b.*'],
    ['a URL', { a: new URL('http://4929') }, 'input.a'],
    ['a class that extends Map', { a: new SecretMap() }, 'input.a'],
    ['a class that extends Date', { a: new SecretDate() }, 'input.a'],
    ['a member named by a symbol', { a: { [Symbol('4929')]: 1 } }, 'input.a'],
    ['a getter that throws', { b: throwing }, 'input'],
  ])('is refused by its path for %s', (_, input, path) => {
    let refused: unknown;
    try {
      of(input);
    } catch (error) {
      refused = error;
    }
    expect(refused).toMatchObject({ code: 'INVALID_COMMAND', issues: [{ code: 'not_comparable' }] });
    expect(String(refused)).toContain(`${path}: `);
    expect(String(refused)).not.toContain('4929');
  });
});
