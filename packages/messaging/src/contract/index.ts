export type { TransportGuarantee } from './guarantees.ts';
export type { CreateTransportOptions, TransportSubject } from './subject.ts';
export { type TransportUnderTest, transportContract } from './transport-contract.ts';
