import type { Random } from '../../random.ts';

/** How long a name is used: then there are few events with each of them. */
const SLOT_MS = 1_500;

/** Names at which all processes arrive at the same time. */
export class SharedNames {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  course(): string {
    return this.#name('c', 2);
  }

  place(): { readonly course: string; readonly student: string } {
    return { course: this.course(), student: this.#name('s', 3) };
  }

  user(): string {
    return this.#name('u', 5);
  }

  payer(): string {
    return `a${this.#random.between(0, 9)}`;
  }

  tags(): readonly [string, string] {
    return [`one:${this.#name('t', 1)}`, `two:${this.#name('t', 1)}`];
  }

  #name(kind: string, last: number): string {
    const slot = Math.floor((performance.timeOrigin + performance.now()) / SLOT_MS);
    return `${kind}${slot}.${this.#random.between(0, last)}`;
  }
}
