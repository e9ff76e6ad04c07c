import type { AnyEventGroup } from '../event/define-events.ts';
import type { NewEvent } from '../event/event.ts';
import { isAggregateRead, type ReadsByRole } from './reads.ts';

type Creators = AnyEventGroup['create'];

/**
 * The functions that make the events of one decision: by role for those of an aggregate, which know whose stream they belong
 * to, and by category for others.
 */
export class Emitter {
  readonly creators: Readonly<Record<string, Creators>>;
  readonly #roles = new WeakMap<NewEvent, string>();

  constructor(reads: ReadsByRole, groups: readonly AnyEventGroup[]) {
    const creators: Record<string, Creators> = {};
    for (const { category, create } of groups) creators[category] = create;
    for (const [role, read] of Object.entries(reads))
      if (isAggregateRead(read)) creators[role] = this.#ofRole(role, read.aggregate.events.create);
    this.creators = creators;
  }

  /** The role whose function made the event; undefined for any other event. */
  roleOf(event: NewEvent): string | undefined {
    return this.#roles.get(event);
  }

  #ofRole(role: string, create: Creators): Creators {
    const bound = Object.entries(create).map(([name, creator]): [string, typeof creator] => [
      name,
      (data, options) => {
        const event = creator(data, options);
        this.#roles.set(event, role);
        return event;
      },
    ]);
    return Object.fromEntries(bound);
  }
}
