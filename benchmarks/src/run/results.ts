import { median } from '../statistics/summary.ts';
import type { Figures } from './workload.ts';

/** Why a workload has no figures. */
export interface Missing {
  readonly reason: string;
  /** False for somebody else's program that does not run here. */
  readonly failure: boolean;
}

/** Every figure that was measured: one value for each repetition. */
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

  /** In the order of the repetitions; none when it was not measured. */
  values(name: string): readonly number[] {
    return this.#values.get(name) ?? [];
  }

  /** undefined when it was not measured. */
  median(name: string): number | undefined {
    const values = this.values(name);
    return values.length === 0 ? undefined : median(values);
  }
}
