import type { AppendRequest } from '@leftfold/core/append';

/** A request between `enter` and `leave`. */
export class Place {
  /** How many were entered before it. */
  readonly number: number;
  readonly request: AppendRequest;
  /** What it waits for: an earlier request on each of its streams, a group of them on each of its tags and types. */
  blockers = 0;
  readonly followers: Place[] = [];
  /** Its groups, one for each tag and type. */
  readonly groups: PlaceGroup[] = [];

  constructor(number: number, request: AppendRequest) {
    this.number = number;
    this.request = request;
  }

  follow({ followers }: { readonly followers: Place[] }): void {
    followers.push(this);
    this.blockers += 1;
  }
}

/** Places that others wait for together. */
export interface PlaceGroup {
  readonly followers: Place[];
  /** No place joins it any more that would have to be compared with those in it. */
  close(): void;
  /** @returns those that follow it, when its last place has left */
  leave(): readonly Place[];
}
