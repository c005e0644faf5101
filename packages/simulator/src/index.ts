/**
 * A WhatsApp server for tests and for the sandbox: unmodified clients pair with it, log in, and write to virtual
 * phones that decrypt, show and confirm. Glossary:
 *
 *   phone      a number's primary device, virtual, driven by the control functions
 *   companion  a linked device: a real client with a socket
 *   group      members by number; who has which devices is looked up when something is written
 *   media host where clients and phones put the encrypted bytes of media
 *   outbox     what the server holds for a companion until the companion confirms it
 *   fault      a trouble on order, used up by the events it matches
 *   log        what happened, as the server saw it, in order
 */

// Opening one
export { openSimulator, type Simulator, type SimulatorConfig } from "./simulator.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export type { Delays, Report } from "./realm.ts";

// Moving its world
export type { Control, Stats } from "./control.ts";
export type { KeyStock } from "./prekeys.ts";
export type { Linked } from "./pairings.ts";
export type { Letter, LetterContent, LetterLocation, LetterMedia, LetterPoll } from "./letter.ts";
export type { MessageType, PhoneContent, PhoneMedia, PhoneMessage } from "./phone-message.ts";
export type { OpenedMedia } from "./phone-media.ts";
export type { PhoneSettings } from "./phones.ts";
export type { GroupControl, GroupView, GroupWish, MembersWish } from "./group-control.ts";
export { BadRequest } from "./bad-request.ts";

// Faults
export type {
  AckHint,
  Fault,
  FaultAction,
  FaultMatch,
  FaultOn,
  FaultOrder,
  StanzaKind,
} from "./faults.ts";

// What happened
export type { LogEntry, LogFields, LogKind, LogPage } from "./event-log.ts";
