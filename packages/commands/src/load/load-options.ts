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
      /** The state when the log had reached this position: a consistency token, or an event's position. */
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

/** A loaded aggregate. Its state is shared with later commands: do not mutate it. */
export interface LoadedAggregate<TState> {
  readonly state: TState;
  /** Version of the last event in the state; 0 when there is none. */
  readonly streamVersion: number;
  /** Position of that event: a consistency token for queries. 0 when there is none. */
  readonly position: number;
  /** False when the stream has no event up to the requested moment. */
  readonly exists: boolean;
}

/** The part of a stream to read for a historical state; undefined for the current state. */
export interface HistoryRange {
  readonly to?: number;
  readonly untilPosition?: number;
  readonly untilTime?: Date;
}

/** @throws RangeError for a version or position that is not a whole number from 0, or an invalid date */
export function historyRangeOf(options: LoadOptions): HistoryRange | undefined {
  const { atVersion, atPosition, atTime } = options;
  if (atVersion !== undefined) return { to: wholeNumber('atVersion', atVersion) };
  if (atPosition !== undefined) return { untilPosition: wholeNumber('atPosition', atPosition) };
  if (atTime === undefined) return undefined;
  if (Number.isNaN(atTime.getTime())) throw new RangeError('atTime is not a valid date');
  return { untilTime: atTime };
}

function wholeNumber(option: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`${option} must be a whole number from 0, not ${value}`);
}
