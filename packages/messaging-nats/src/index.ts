export type { JetStreamTransportOptions } from './jetstream-options.ts';
export { jetstream } from './jetstream.ts';
