import type { NewEvent } from '@leftfold/core';

/** The types of events that the commands of each name have appended in this process, or tried to. */
export class AppendedTypes {
  readonly #byName = new Map<string, Set<string>>();

  add(name: string, events: readonly NewEvent[]): void {
    const types = this.#byName.get(name) ?? new Set<string>();
    this.#byName.set(name, types);
    for (const { type } of events) types.add(type);
  }

  /** undefined for a command that has appended nothing yet: it can append anything. */
  of(name: string): ReadonlySet<string> | undefined {
    return this.#byName.get(name);
  }
}
