import { ServerTooOldError } from '@leftfold/core';

/** Oldest major version that is tested. */
export const OLDEST_MAJOR = 15;

/** @param version as `server_version_num`: 170010 for 17.10. @throws ServerTooOldError */
export function assertServerVersion(version: number): void {
  const major = Math.floor(version / 10_000);
  if (major < OLDEST_MAJOR) throw new ServerTooOldError(major, OLDEST_MAJOR);
}
