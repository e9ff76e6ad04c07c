/** Those whom the saga asks, in its order. */
export const supplierNames = ['flights', 'hotels', 'cars'] as const;
export type SupplierName = (typeof supplierNames)[number];
