export { checkLanguage, type CheckLanguageOptions } from './check-language.ts';
export type { Consumed, ConsumeOptions, ParkedMessage } from './consumed.ts';
export { type GivenMessages, givenMessages } from './given-messages.ts';
export { type GivenMessage, ofKey, type PlacedMessage } from './placed-message.ts';
export { type Relayed, relayed } from './relayed.ts';
