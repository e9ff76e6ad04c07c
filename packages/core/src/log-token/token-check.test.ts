import { describe, expect, test } from 'vitest';
import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { tokenOf } from './log-token.ts';
import { isInLog, placeAfter } from './token-check.ts';

const place = { position: 7, eventId: 'one' };

describe('the event of a token', () => {
  test('is in a log that has it at its position', () => {
    expect(isInLog(place, { eventId: 'one', end: 9, mayAppear: false })).toBe(true);
  });

  test.each([true, false])('is not in a log that has another one there (standby: %s)', (mayAppear) => {
    const rewound = { code: 'LOG_REWOUND', lostFrom: 7, lostTo: 7, end: 9 };
    expect(() => isInLog(place, { eventId: 'other', end: 9, mayAppear })).toThrow(
      expect.objectContaining(rewound),
    );
  });

  test('is not in a log that has none there', () => {
    expect(() => isInLog(place, { eventId: undefined, end: 9, mayAppear: false })).toThrow(
      'the log, which ends at 9, does not have the event of the token at position 7; a backup was restored, a standby that lagged was promoted, the token is of another log, or its transaction was not committed: discard the token and what was read up to it, and read again',
    );
  });

  test('is not there yet where it can still appear', () => {
    expect(isInLog(place, { eventId: undefined, end: 3, mayAppear: true })).toBe(false);
  });

  test('is in every log when it is not known', () => {
    expect(isInLog({ position: 7 }, { eventId: 'other', end: 9, mayAppear: false })).toBe(true);
    expect(isInLog({ position: 0 }, { eventId: undefined, end: 0, mayAppear: false })).toBe(true);
  });
});

describe('a reader begins', () => {
  test('at the beginning, after a position, or after the event of a token', () => {
    expect(placeAfter('after', undefined)).toEqual({ position: 0 });
    expect(placeAfter('after', 7)).toEqual({ position: 7 });
    expect(placeAfter('after', tokenOf({ position: 7, id: 'one' }))).toEqual(place);
  });

  test.each([-1, 1.5, Number.NaN, '7', 'v1.7', 7n, null, {}])('at no other value: %s', (after) => {
    expect(() => placeAfter('after', after as number)).toThrow(InvalidArgumentError);
  });
});
