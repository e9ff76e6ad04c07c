import { Slots } from './slots.ts';

/** Connections of a pool that loops of the framework share. Work takes one at a time; the others are for calls of the app. */
export class LoopSlots {
  /** The half of them, or the only one. */
  readonly background: Slots;
  /**
   * A quarter, or one, for what follows a projection: a projection is held until that has come to the same position, and
   * batches which wait for the end of the hold keep their own.
   */
  readonly following: Slots;

  /** @param size connections of the pool, at most */
  constructor(size: number) {
    this.background = new Slots(Math.max(1, Math.floor(size / 2)));
    this.following = new Slots(Math.max(1, Math.floor(size / 4)));
  }
}
