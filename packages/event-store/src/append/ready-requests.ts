import { type BatchLimits, BatchRoom } from './batch-room.ts';
import type { QueuedRequest } from './queued-request.ts';

/** Requests that can be sent, those that were made first first. */
export class ReadyRequests {
  /** In the order of their numbers. */
  #made: QueuedRequest[] = [];
  /** Those that had to wait for others, or are sent again: mostly older than the rest. */
  #released: QueuedRequest[] = [];
  #isSorted = true;

  get size(): number {
    return this.#made.length + this.#released.length;
  }

  /** @param queued made later than all others that were pushed */
  push(queued: QueuedRequest): void {
    this.#made.push(queued);
  }

  release(queued: readonly QueuedRequest[]): void {
    if (queued.length === 0) return;
    this.#released.push(...queued);
    this.#isSorted = false;
  }

  /** Takes as many as one batch has room for. */
  take(limits: BatchLimits): readonly QueuedRequest[] {
    if (!this.#isSorted) this.#released.sort((one, other) => one.number - other.number);
    this.#isSorted = true;
    const room = new BatchRoom(limits);
    const batch: QueuedRequest[] = [];
    let made = 0;
    let released = 0;
    for (;;) {
      const [newer, older] = [this.#made[made], this.#released[released]];
      const isOlder = older !== undefined && (newer === undefined || older.number < newer.number);
      const next = isOlder ? older : newer;
      const isFull =
        next === undefined ||
        (batch.length > 0 && (next.alone || batch[0]?.alone === true || !room.fits(next.request)));
      if (isFull) break;
      room.take(next.request);
      batch.push(next);
      if (isOlder) released += 1;
      else made += 1;
    }
    this.#made = this.#made.slice(made);
    this.#released = this.#released.slice(released);
    return batch;
  }
}
