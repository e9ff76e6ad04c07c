export { freePort } from './free-port.ts';
export { pythonWith } from './python.ts';
export { type NatsCluster, type NatsOptions, startNats } from './start-nats.ts';
export { makeCertificates } from './make-certificates.ts';
export type { NatsNode } from './nats-node.ts';
export { type RedisServer, startRedis } from './start-redis.ts';
export { type RabbitmqServer, type RabbitmqServerOptions, startRabbitmq } from './start-rabbitmq.ts';
export { isServiceAsked, type ServiceVariable, serviceUrl } from './service-url.ts';
