import { type SupplierName, supplierNames } from './supplier-name.ts';

/** How a supplier treats a trip: `silent` and `late` ones hold what is asked for, and do not say so, or not in time. */
export type Treatment = 'holds' | 'refuses' | 'is-silent' | 'is-late';

/** What can happen to a trip. The id of a trip begins with it, so that all services know it, and a reader too. */
export const tripCases = [
  'fine',
  'declined',
  ...supplierNames.flatMap((name) => [`no-${name}`, `silent-${name}`, `late-${name}`] as const),
] as const;
export type TripCase = (typeof tripCases)[number];

/** Trips of all cases in turn: `fine-1`, `declined-2`, `no-flights-3` … */
export function tripsOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${tripCases[index % tripCases.length]}-${index + 1}`);
}

export function caseOf(tripId: string): TripCase | undefined {
  return tripCases.find((one) => tripId.startsWith(`${one}-`));
}

export function treatmentOf(tripId: string, supplier: SupplierName): Treatment {
  const found = caseOf(tripId);
  if (found === `no-${supplier}`) return 'refuses';
  if (found === `silent-${supplier}`) return 'is-silent';
  return found === `late-${supplier}` ? 'is-late' : 'holds';
}
