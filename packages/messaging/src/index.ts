export type {
  AppMessageContext,
  ConsumedMessage,
  HandleMessage,
  MessageContext,
  MessageOf,
  MessageOfType,
  MessageType,
} from './consumer/consumed-message.ts';
export { Consumer } from './consumer/consumer.ts';
export type { ConsumerIncident, OnConsumerIncident } from './consumer/consumer-incident.ts';
export type {
  ConsumerOptions,
  ConsumerParts,
  ConsumerSettings,
  InboxOptions,
} from './consumer/consumer-options.ts';
export {
  type ConsumerRef,
  ConsumerRunner,
  type ConsumerRunnerOptions,
  createConsumerRunner,
} from './consumer/consumer-runner.ts';
export type { ConsumerState, ConsumerStatus } from './consumer/consumer-status.ts';
export { createConsumer } from './consumer/create-consumer.ts';
export {
  assertConsumer,
  type ConsumerDefinition,
  type ConsumerDefinitionOptions,
  defineConsumer,
} from './consumer/define-consumer.ts';
export type { ExecuteMessageCommand } from './consumer/handle-message.ts';
export {
  type AsidePageOptions,
  type BlockedListOptions,
  type GiveUpMessagesOptions,
  ParkedMessages,
  type ResumeMessagesOptions,
} from './consumer/parked-messages.ts';
export type { AwaitedMessage } from './consumer/wait-for-message.ts';
export {
  type ContentMode,
  type MessageOrigin,
  type PublishedMessage,
  toCloudEvent,
} from './envelope/cloud-event.ts';
export { checkCompatibility, type LanguageChange } from './language/check-compatibility.ts';
export {
  type DescribedMessage,
  describeLanguage,
  type LanguageDescription,
  type LanguageOfRelay,
  type LanguageOptions,
  type LanguageParts,
  type LanguageTexts,
} from './language/describe-language.ts';
export { type AnyRelay, defineRelay, type Relay, type RelayOptions } from './relay/define-relay.ts';
export { assertRelay } from './relay/relay-set.ts';
export {
  createRelayRunner,
  type RelayRef,
  RelayRunner,
  type RelayRunnerOptions,
  type RelayStatus,
  type RewindTo,
  type TransportStatus,
} from './relay/relay-runner.ts';
export { type InboxSqlOptions, inboxSql } from './sql/inbox/inbox-sql.ts';
export type { Blocked, MessageContent, SourceKey } from './sql/inbox/inbox-rows.ts';
export type { AsideMessage, BlockedFailure, BlockedKey } from './sql/inbox/parked.ts';
export type { InboxTotals } from './sql/inbox/progress.ts';
export type {
  CloudEventAttributes,
  Delivery,
  OutgoingMessage,
  Publisher,
  PublishOutcome,
  Receiver,
  ReceiverOptions,
  Transport,
} from './transport/transport.ts';
export { certificateProblem } from './transport/certificate-problem.ts';
export { assertTlsOptions, type TlsOptions } from './transport/tls-options.ts';
export { untilAborted } from './transport/until-aborted.ts';
