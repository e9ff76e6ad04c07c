/** What vitest hands to the function of a fixture. */
export interface FixtureEnd {
  readonly onCleanup: (cleanup: () => Promise<void>) => void;
}

/** Disposes of a resource when the tests that use its fixture have ended. @returns the resource */
export function disposeAfter<T extends AsyncDisposable>({ onCleanup }: FixtureEnd, resource: T): T {
  onCleanup(async () => resource[Symbol.asyncDispose]());
  return resource;
}
