import { given, inStream } from '@leftfold/testing';
import { describe, expect, test } from 'vitest';
import { deskOf } from '../src/suppliers/desk.ts';
import { reservation, reservationEvents } from '../src/suppliers/reservation.ts';

const { held, refused, released, answered } = reservationEvents.create;
const hold = (free: boolean) => reservation.command.hold('t-1', { free });
const release = reservation.command.release('t-1', {});
const answer = reservation.command.answer('t-1', {});

describe('a reservation', () => {
  test('is asked for twice, and held once', () => {
    given(reservation)
      .when(hold(true))
      .then([held({})]);
    given(reservation, [held({})])
      .when(hold(true))
      .then([]);
    given(reservation)
      .when(hold(false))
      .then([refused({})]);
    expect.assertions(0);
  });

  test('whose end comes first is refused', () => {
    given(reservation)
      .when(release)
      .then([released({})]);
    given(reservation, [released({})])
      .when(hold(true))
      .then([refused({})]);
    given(reservation, [released({}), refused({})])
      .when(release)
      .then([]);
    expect.assertions(0);
  });

  test('that was released is answered late as it was', () => {
    given(reservation, [held({}), released({})])
      .when(answer)
      .then([answered({ held: true })]);
    expect.assertions(0);
  });
});

describe('a desk', () => {
  const desk = deskOf('hotels', 6_000);
  const of = (tripId: string) => inStream(reservation.streamId(tripId), held({}));
  const answerTo = (tripId: string) => reservation.command.answer(tripId, {});

  test('answers at once, late, or never', () => {
    given(desk)
      .when(of('fine-1'))
      .thenCommands([answerTo('fine-1')])
      .ended('completed');
    given(desk)
      .when(of('late-hotels-1'))
      .thenCommands([])
      .after(6_000)
      .thenCommands([answerTo('late-hotels-1')]);
    given(desk).when(of('silent-hotels-1')).thenCommands([]).ended('completed');
    given(desk)
      .when(of('silent-cars-1'))
      .thenCommands([answerTo('silent-cars-1')]);
    given(desk)
      .when(inStream(reservation.streamId('no-hotels-1'), refused({})))
      .thenCommands([answerTo('no-hotels-1')]);
    expect.assertions(0);
  });
});
