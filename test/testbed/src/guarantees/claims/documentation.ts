import type { Claim } from '../claim.ts';

/** What a reader of these pages can rely on. */
export const documentationClaims = {
  'documented-code': {
    claim: 'The code on these pages and in the README compiles, and prints what the page says.',
    statedIn: 'getting-started.md',
  },
} as const satisfies Readonly<Record<string, Claim>>;
