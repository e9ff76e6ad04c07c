import { given, inStream } from '@leftfold/testing';
import { describe, expect, test } from 'vitest';
import { billing, monthsAfter } from '../src/membership/billing.ts';
import { membership, membershipEvents } from '../src/membership/membership.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const streamId = membership.streamId('ada');
const begun = inStream(streamId, membershipEvents.create.begun({}));
const ended = inStream(streamId, membershipEvents.create.ended({}));
const bill = (month: number) => membership.command.bill('ada', { month });
const suspend = membership.command.suspend('ada', {});

describe('a membership', () => {
  test('is billed each month for a year', () => {
    const year = given(billing, [begun]).after(365 * DAY_MS);
    year.thenCommands([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map(bill));
    year.after(DAY_MS).thenCommands([bill(13)]);
    expect(year.status).toBe('running');
  });

  test('is billed on the last day of a shorter month', () => {
    const january = new Date('2001-01-31T12:00:00Z');
    const february = given(billing, [begun], { now: january }).after(28 * DAY_MS);
    february.thenCommands([bill(2)]);
    february
      .after(30 * DAY_MS)
      .thenNothing()
      .after(DAY_MS)
      .thenCommands([bill(3)]);
    expect(monthsAfter('2003-10-31T00:00:00Z', 4)).toEqual(new Date('2004-02-29T00:00:00Z'));
  });

  test('is billed again after three days when that is rejected, and goes on', () => {
    const late = given(billing).rejecting(bill(1), 'card-expired', { times: 2 }).when(begun);
    late
      .after(3 * DAY_MS)
      .thenCommands([bill(1)])
      .after(3 * DAY_MS)
      .thenCommands([bill(1)])
      .after(25 * DAY_MS)
      .thenCommands([bill(2)]);
    expect.assertions(0);
  });

  test('is suspended after three rejections', () => {
    const suspended = given(billing)
      .rejecting('membership.bill', 'card-expired')
      .when(begun)
      .after(6 * DAY_MS);
    suspended.thenCommands([bill(1), bill(1), suspend]).ended('completed');
    suspended.after(365 * DAY_MS).thenNothing();
    expect.assertions(0);
  });

  test('that ends is billed no more', () => {
    given(billing, [begun])
      .after(40 * DAY_MS)
      .when(ended)
      .ended('completed')
      .after(365 * DAY_MS)
      .thenNothing();
    expect.assertions(0);
  });
});
