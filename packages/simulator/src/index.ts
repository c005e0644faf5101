/**
 * A WhatsApp server for tests and for the sandbox: unmodified clients pair with it, log in, and write to virtual
 * phones that decrypt, show and confirm. Glossary:
 *
 *   phone      a number's primary device, virtual, driven by the control functions
 *   companion  a linked device: a real client with a socket
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
export type { Letter } from "./phone-writing.ts";
export type { MessageType, PhoneMessage, PhoneSettings } from "./phones.ts";
export { BadRequest } from "./bad-request.ts";

// Faults
export type { AckHint, Fault, FaultAction, FaultMatch, FaultOn, FaultOrder } from "./faults.ts";

// What happened
export type { LogEntry, LogFields, LogKind, LogPage } from "./event-log.ts";
