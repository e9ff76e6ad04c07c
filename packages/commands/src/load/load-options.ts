import { InvalidArgumentError, type LogToken } from '@leftfold/core';
import { assertInstant, assertOptions, assertWhole, type OptionNames } from '@leftfold/core/input';

/** Which moment of an aggregate's history to load: at most one of the three. @default the current state */
export type LoadOptions =
  | {
      readonly atVersion?: undefined;
      readonly atPosition?: undefined;
      readonly atTime?: undefined;
    }
  | {
      /** The state at this stream version; 0 is the initial state. */
      readonly atVersion: number;
      readonly atPosition?: undefined;
      readonly atTime?: undefined;
    }
  | {
      /** The state when the log had reached this position, such as that of an event. */
      readonly atPosition: number;
      readonly atVersion?: undefined;
      readonly atTime?: undefined;
    }
  | {
      /** The state at this instant, by the database's clock. */
      readonly atTime: Date;
      readonly atVersion?: undefined;
      readonly atPosition?: undefined;
    };

/** A loaded aggregate. Its state is frozen, except for instances of classes, such as a `Date`. */
export interface LoadedAggregate<TState> {
  readonly state: TState;
  /** Version of the last event in the state; 0 when there is none. */
  readonly streamVersion: number;
  /** Position of that event. 0 when there is none. */
  readonly position: number;
  /** Consistency token of that event, for `query(…, { atLeast: token })`. */
  readonly token: LogToken;
  /** False when the stream has no event up to the requested moment. */
  readonly exists: boolean;
}

/** The part of a stream to read for a historical state; undefined for the current state. */
export interface HistoryRange {
  readonly to?: number;
  readonly untilPosition?: number;
  readonly untilTime?: Date;
}

const loadNames: OptionNames<LoadOptions> = { atVersion: true, atPosition: true, atTime: true };

/** @throws InvalidArgumentError for a version or position that is not a whole number from 0, or an invalid date */
export function historyRangeOf(options: LoadOptions): HistoryRange | undefined {
  assertOptions('options', options, loadNames);
  const { atVersion, atPosition, atTime } = options;
  assertWhole('atVersion', atVersion);
  assertWhole('atPosition', atPosition);
  assertInstant('atTime', atTime);
  const given = [atVersion, atPosition, atTime].filter((moment) => moment !== undefined);
  if (given.length > 1)
    throw new InvalidArgumentError('options', 'take one of atVersion, atPosition and atTime, not several');
  if (atVersion !== undefined) return { to: atVersion };
  if (atPosition !== undefined) return { untilPosition: atPosition };
  return atTime === undefined ? undefined : { untilTime: atTime };
}
