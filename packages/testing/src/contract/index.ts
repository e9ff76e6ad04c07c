export type { StoreGuarantee } from './guarantees.ts';
export { type StoreUnderTest, storeContract } from './store-contract.ts';
export type { ContractStore, CreateStoreOptions } from './subject.ts';
