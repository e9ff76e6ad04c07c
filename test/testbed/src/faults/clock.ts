/** A clock of this process that can be set. Disposing of it brings the real one back. */
export interface ShiftedClock extends Disposable {
  /** Sets the clock forward, or back with a negative number. Adds to what it was shifted by before. */
  step(milliseconds: number): void;
}

/**
 * Shifts what `Date` says in this process, as a wrong clock of its machine would. `performance.now()` and timers go
 * on as they do when a real clock is set: they do not use it.
 *
 * PostgreSQL's own clock cannot be set from outside of its machine. What depends on it compares stored instants with
 * `clock_timestamp()`; to move these instants back by a time has the same effect as to set that clock forward.
 */
export function shiftClock(milliseconds: number): ShiftedClock {
  const RealDate = Date;
  let offset = milliseconds;
  const now = () => RealDate.now() + offset;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget): Date =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    get: (target, key, receiver): unknown => (key === 'now' ? now : Reflect.get(target, key, receiver)),
  });
  return {
    step: (by) => {
      offset += by;
    },
    [Symbol.dispose]: () => {
      globalThis.Date = RealDate;
    },
  };
}
