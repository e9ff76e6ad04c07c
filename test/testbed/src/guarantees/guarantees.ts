import type { Claim } from './claim.ts';
import { commandClaims } from './claims/commands.ts';
import { documentationClaims } from './claims/documentation.ts';
import { lifecycleClaims } from './claims/lifecycle.ts';
import { logClaims } from './claims/log.ts';
import { messageClaims } from './claims/messages.ts';
import { processClaims } from './claims/processes.ts';
import { projectionClaims } from './claims/projections.ts';
import { readingClaims } from './claims/reading.ts';
import { refusalClaims } from './claims/refusals.ts';

/** Every guarantee, by the headings of `docs/guarantees.md`. */
const claimsByGroup = {
  'The log': logClaims,
  Reading: readingClaims,
  Commands: commandClaims,
  Projections: projectionClaims,
  Messages: messageClaims,
  Processes: processClaims,
  'Starting and ending': lifecycleClaims,
  Refusals: refusalClaims,
  Documentation: documentationClaims,
} as const;

type Groups = typeof claimsByGroup;

/** Names a guarantee in a test. */
export type GuaranteeId = { [TGroup in keyof Groups]: keyof Groups[TGroup] }[keyof Groups];

export interface Guarantee extends Claim {
  readonly id: string;
  readonly group: string;
}

/** All guarantees, in the order of the page. */
export const guarantees: readonly Guarantee[] = Object.entries(claimsByGroup).flatMap(([group, claims]) =>
  Object.entries<Claim>(claims).map(([id, claim]) => ({ id, group, ...claim })),
);
