import {
  type LeftfoldError,
  ProcessDefinitionChangedError,
  ProcessVersionMissingError,
} from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { type OnIncident, withStoreErrors } from '@leftfold/subscriptions';
import type { ProcessVersions } from '../instance/process-versions.ts';
import { countOpenInstances } from '../sql/instances.ts';

/** Instances are counted for it. */
const EVERY_MS = 60_000;

/** What is wrong with the versions of open instances. */
export interface VersionProblem {
  readonly process: string;
  /** Instances that cannot go on, or that go on with other functions than they began with. */
  readonly error: ProcessVersionMissingError | ProcessDefinitionChangedError;
}

/** Compares the versions that open instances have with those of this app. */
export class OpenVersions {
  readonly #store: PostgresEventStore;
  readonly #versions: readonly ProcessVersions[];
  readonly #onIncident: OnIncident;
  #found: Promise<readonly VersionProblem[]> | undefined;
  #until = 0;
  #told = new Set<string>();

  constructor(store: PostgresEventStore, versions: readonly ProcessVersions[], onIncident: OnIncident) {
    this.#store = store;
    this.#versions = versions;
    this.#onIncident = onIncident;
  }

  /**
   * Looks once in a minute at most, and tells each problem as an incident.
   *
   * @throws StoreUnavailableError
   */
  problems(): Promise<readonly VersionProblem[]> {
    if (this.#found !== undefined && performance.now() < this.#until) return this.#found;
    this.#until = performance.now() + EVERY_MS;
    const found = this.#look();
    this.#found = found;
    found.catch(() => {
      if (this.#found === found) this.#found = undefined;
    });
    return found;
  }

  async #look(): Promise<readonly VersionProblem[]> {
    if (this.#versions.length === 0) return [];
    const names = this.#versions.map(({ name }) => name);
    const counts = await withStoreErrors(this.#store, () => countOpenInstances(this.#store, names));
    const problems = counts.flatMap(({ process, ...found }) => {
      const versions = this.#versions.find(({ name }) => name === process)!;
      const error = problemOf(versions, found);
      return error === undefined ? [] : [{ process, error }];
    });
    for (const { process: name, error } of problems)
      if (!this.#told.has(error.message)) {
        const subscription = { name, version: this.#versionOf(name) };
        this.#onIncident({ subscription, error, stopped: false });
      }
    this.#told = new Set(problems.map(({ error }: { readonly error: LeftfoldError }) => error.message));
    return problems;
  }

  #versionOf(process: string): number {
    return this.#versions.find(({ name }) => name === process)!.newest.version;
  }
}

/** Those of a newer version are a newer release's. */
function problemOf(
  versions: ProcessVersions,
  found: { readonly version: number; readonly definition: string | undefined; readonly count: number },
): VersionProblem['error'] | undefined {
  const { name, newest, all } = versions;
  const { version, definition, count } = found;
  if (version > newest.version) return undefined;
  const own = all.find((one) => one.version === version);
  const given = all.map((one) => one.version);
  if (own === undefined) return new ProcessVersionMissingError(name, version, given, count);
  if (definition === undefined || definition === versions.hashOf(own)) return undefined;
  return new ProcessDefinitionChangedError(name, version, count);
}
