import { LeftfoldError } from './leftfold-error.ts';
import { shownId } from './shown.ts';
import { thrownText } from './thrown.ts';

/**
 * A message broker cannot be reached, or did not confirm in time. The same call may succeed later. Whether the broker has
 * what was sent is not known.
 */
export class TransportUnavailableError extends LeftfoldError {
  readonly code = 'TRANSPORT_UNAVAILABLE';
  readonly retryable = true;
  /** The transport's name, such as `rabbitmq exchange "shop"`. */
  readonly transport: string;

  constructor(transport: string, problem: string, options?: ErrorOptions) {
    super(`${transport} cannot be used now: ${problem}`, options);
    this.transport = transport;
  }
}

/** A broker refuses what the transport needs: the login, or an exchange, queue or stream as it is declared here. */
export class TransportRefusedError extends LeftfoldError {
  readonly code = 'TRANSPORT_REFUSED';
  readonly retryable = false;
  /** The transport's name. */
  readonly transport: string;

  /** @param problem what is refused, and what to do */
  constructor(transport: string, problem: string, options?: ErrorOptions) {
    super(`${transport} refuses: ${problem}`, options);
    this.transport = transport;
  }
}

/** A broker, or the transport before it, does not take one message. Others are not affected. */
export class MessageRefusedError extends LeftfoldError {
  readonly code = 'MESSAGE_REFUSED';
  readonly retryable = false;
  /** The transport's name. */
  readonly transport: string;
  readonly messageId: string;

  /** @param problem why, and what to do */
  constructor(transport: string, messageId: string, problem: string, options?: ErrorOptions) {
    super(`${transport} does not take message ${shownId(messageId)}: ${problem}`, options);
    this.transport = transport;
    this.messageId = messageId;
  }
}

/** What was received is no message that the consumer can handle: no CloudEvent, or one of another kind than it reads. */
export class InvalidMessageError extends LeftfoldError {
  readonly code = 'INVALID_MESSAGE';
  readonly retryable = false;

  /** @param problem what is wrong, by names of attributes and not by values */
  constructor(problem: string, options?: ErrorOptions) {
    super(`the message cannot be handled: ${problem}`, options);
  }
}

/** A message of a consumer, by its place. */
export interface MessagePlace {
  readonly consumer: string;
  readonly source: string;
  readonly key: string;
  readonly sequence: string;
}

/** What the errors about a message of a consumer have in common. */
abstract class PlacedMessageError extends LeftfoldError {
  readonly consumer: string;
  readonly source: string;
  readonly key: string;
  /** The place of the message among those of its source. */
  readonly sequence: string;

  constructor({ consumer, source, key, sequence }: MessagePlace, problem: string, options?: ErrorOptions) {
    super(`consumer ${shownId(consumer)} ${problem}`, options);
    this.consumer = consumer;
    this.source = source;
    this.key = key;
    this.sequence = sequence;
  }
}

/**
 * A message, and all later ones of its key, are set aside until they are resumed or given up. An incident; a wait for a
 * message that is set aside fails with it.
 */
export class MessageParkedError extends PlacedMessageError {
  readonly code = 'MESSAGE_PARKED';
  readonly retryable = false;

  /** @param attempts how often it was tried; undefined where that is not known */
  constructor(place: MessagePlace, attempts: number | undefined, options?: ErrorOptions) {
    const failed =
      attempts === undefined ? 'failed' : `failed ${attempts} ${attempts === 1 ? 'time' : 'times'}`;
    const reason = options?.cause === undefined ? '' : `: ${thrownText(options.cause)}`;
    super(
      place,
      `parked ${shownPlace(place)}: its message ${place.sequence} ${failed}${reason}; fix the cause, then resume the key, or give the message up`,
      options,
    );
  }
}

/** Messages of a key are set aside, because one before them has not come. It may still come. An incident. */
export class MessageMissingError extends PlacedMessageError {
  readonly code = 'MESSAGE_MISSING';
  readonly retryable = true;
  /** The last message that was handled. */
  readonly last: string | undefined;

  constructor(place: MessagePlace, last: string | undefined, waitedMs: number) {
    super(
      place,
      `has waited for ${waitedMs} ms for a message of ${shownPlace(place)} between ${last ?? 'the beginning'} and ${place.sequence}; look whether it is on its way, have its relay publish it again with rewind(), or go on without it with parked.resume(…, { skipMissing: true })`,
    );
    this.last = last;
  }
}

/** The log of a source went back, and messages that were handled are not in it any more. An incident. */
export class SourceRewoundError extends PlacedMessageError {
  readonly code = 'SOURCE_REWOUND';
  readonly retryable = false;

  constructor(place: MessagePlace) {
    super(
      place,
      `has set aside message ${place.sequence} of ${shownPlace(place)}: the log of the source went back, and messages that were handled here are not in it; look at their effects, then go on with parked.resume(…, { skipMissing: true }), or give the messages up`,
    );
  }
}

/** A consumer did not handle a message within the time given. It may still do so. */
export class MessageTimeoutError extends PlacedMessageError {
  readonly code = 'MESSAGE_TIMEOUT';
  readonly retryable = true;
  /** The last message of the key that was handled. */
  readonly last: string | undefined;

  constructor(place: MessagePlace, last: string | undefined, timeoutMs: number) {
    super(
      place,
      last === undefined
        ? `has handled no message of ${shownPlace(place)}, and waited ${timeoutMs} ms for ${place.sequence}; check that its relay publishes that event with this key, the event's stream unless the relay declares another one, and that a process runs the consumer, or wait longer`
        : `has handled ${shownPlace(place)} up to ${last}, not yet up to ${place.sequence}, after ${timeoutMs} ms; check that its source publishes a message of that event, or pass tokenOf(event) of one that it does, and that a process runs the consumer, or wait longer`,
    );
    this.last = last;
  }
}

function shownPlace({ key, source }: MessagePlace): string {
  return `key ${shownId(key)} of ${shownId(source)}`;
}
