/**
 * One linked WhatsApp account: the only package that holds Baileys' socket.
 *
 *   device      openDevice: connect, pair, send, and what WhatsApp says about it
 *   connection  sockets one after the other, as the disconnect table says
 *   socket      one Baileys socket, read by its raw nodes
 *   sender      sent is acked: one attempt from the hand-over to its outcome
 *   evidence    ack or receipt; late or not, told as it comes
 *   seal        encryption of the credentials at rest
 */

// The device
export { type Device, openDevice } from "./device.ts";
export type { DeviceChange, DeviceConfig, DeviceDeps } from "./device-deps.ts";
export type { WhatsAppServer } from "./whatsapp-server.ts";

// Groups
export type { Group, GroupMember } from "./groups.ts";

// Sending
export type { RecipientCheck } from "./check-recipient.ts";
export type { OutgoingContent, SentBefore } from "./outgoing-content.ts";
export type { OutgoingMessage, SendOutcome } from "./send.ts";

// Media
export type { Uploaded, UploadedMedia } from "./media-proto.ts";
export type { MediaSource, Upload, UploadedFile } from "./upload-media.ts";

// What comes in
export type { Evidence, Inbound } from "./receipts.ts";

// Credentials
export type { CredentialChanges, CredentialStore } from "./credentials.ts";
export {
  type CredentialKey,
  type CredentialKeys,
  openSeal,
  type ParsedCredentialKeys,
  parseCredentialKeys,
} from "./seal.ts";
