import { failureGuarantees } from './guarantees/failures.ts';
import { publishingGuarantees } from './guarantees/publishing.ts';
import { receivingGuarantees } from './guarantees/receiving.ts';
import { sharingGuarantees } from './guarantees/sharing.ts';

/** All guarantees of the port. The key of each is the name of its test. */
export const guarantees = {
  ...publishingGuarantees,
  ...receivingGuarantees,
  ...sharingGuarantees,
  ...failureGuarantees,
} as const;

/** The name of a test of the contract. */
export type TransportGuarantee = keyof typeof guarantees;
