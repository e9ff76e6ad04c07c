export type { StoreGuarantee } from './guarantees.ts';
export { storeContract } from './store-contract.ts';
export type { ContractStore, CreateStoreOptions, StoreUnderTest } from './subject.ts';
