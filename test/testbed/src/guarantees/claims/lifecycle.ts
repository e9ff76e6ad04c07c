import type { Claim } from '../claim.ts';

/** What holds while an application starts, runs and ends. */
export const lifecycleClaims = {
  'concurrent-start': {
    claim: 'Any number of processes may migrate and start at the same time.',
    statedIn: 'operating.md#upgrades',
  },
  'atomic-migrations': {
    claim: 'All missing migrations are applied, or none.',
    statedIn: 'operating.md#upgrades',
  },
  'one-build-of-a-migration': {
    claim:
      'Two builds with other SQL under one migration number do not replace functions of each other: the second is refused.',
    statedIn: 'operating.md#upgrades',
  },
  'newer-schema': {
    claim: 'A database that a newer release has migrated is refused.',
    statedIn: 'operating.md#upgrades',
  },
  'least-privilege': {
    claim: 'A role without the right to create anything can run an application that is up to date.',
    statedIn: 'operating.md#roles-and-rights',
  },
  'orderly-close': {
    claim: 'Closing an app completes the commands under way, returns the leases and leaves no connection.',
    statedIn: 'guides/leftfold.md#closing-the-app',
  },
  'nothing-after-close': {
    claim: 'After close() of an app has resolved, it appends nothing, and its own pool opens no connection.',
    statedIn: 'guides/leftfold.md#closing-the-app',
  },
  'embedded-leaves-nothing': {
    claim: 'An ephemeral embedded server leaves no process and no file behind, however its application ends.',
    statedIn: 'guides/embedded.md',
  },
  'one-server-per-directory': {
    claim: 'A directory that is kept has one embedded server at a time.',
    statedIn: 'guides/embedded.md',
  },
} as const satisfies Readonly<Record<string, Claim>>;
