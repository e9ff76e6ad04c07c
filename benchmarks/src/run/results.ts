import { median } from '../statistics/summary.ts';
import type { Figures } from './workload.ts';

/** The reason why a workload has no figures. */
export interface Missing {
  readonly reason: string;
  /** False for a peer that does not run on this machine. */
  readonly failure: boolean;
}

/** All measured figures: one value for each repetition. */
export class Results {
  readonly #values = new Map<string, number[]>();
  readonly #missing = new Map<string, Missing>();

  add(workload: string, figures: Figures): void {
    for (const [figure, value] of Object.entries(figures)) {
      const name = `${workload}.${figure}`;
      const values = this.#values.get(name) ?? [];
      values.push(value);
      this.#values.set(name, values);
    }
  }

  addMissing(workload: string, missing: Missing): void {
    this.#missing.set(workload, missing);
  }

  get names(): readonly string[] {
    return [...this.#values.keys()];
  }

  get missing(): ReadonlyMap<string, Missing> {
    return this.#missing;
  }

  /** The values in the order of the repetitions; empty when the figure was not measured. */
  values(name: string): readonly number[] {
    return this.#values.get(name) ?? [];
  }

  /** The median of the values; undefined when the figure was not measured. */
  median(name: string): number | undefined {
    const values = this.values(name);
    return values.length === 0 ? undefined : median(values);
  }
}
