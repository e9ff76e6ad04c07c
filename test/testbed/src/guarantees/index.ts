export { guarantee } from './declare.ts';
export type { GuaranteeId } from './guarantees.ts';
