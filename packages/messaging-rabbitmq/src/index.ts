export { rabbitmq } from './rabbitmq.ts';
export type { RabbitmqDistribution, RabbitmqOptions } from './rabbitmq-options.ts';
