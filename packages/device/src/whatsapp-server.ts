import { Agent } from "node:https";
import { WA_CERT_DETAILS } from "@whiskeysockets/baileys";

/** Which WhatsApp a process speaks to: configuration of the process, never of a caller. All absent: the real one. */
export interface WhatsAppServer {
  readonly url?: string;
  /** The root key of the Noise certificates: 32 bytes in base64. */
  readonly rootKey?: string;
  /** The authority of its TLS certificate, PEM. */
  readonly ca?: string;
}

const ROOT_KEY_BYTES = 32;

/** Baileys keeps the root key in one object for the whole process; it must be set before the first connection. */
export function trustRootKey(rootKey: string): void {
  const key = Buffer.from(rootKey, "base64");
  if (key.length !== ROOT_KEY_BYTES)
    throw new Error("the WhatsApp root key must have 32 bytes in base64");
  WA_CERT_DETAILS.PUBLIC_KEY = key;
}

export interface ServerOptions {
  readonly waWebSocketUrl?: string;
  readonly agent?: Agent;
  readonly fetchAgent?: Agent;
}

export function serverOptions(server: WhatsAppServer): ServerOptions {
  const { url, ca } = server;
  if (url === undefined) return {};
  if (ca === undefined) return { waWebSocketUrl: url };
  // Media goes over HTTPS always, and an upload outlives the socket.
  const fetchAgent = new Agent({ ca });
  return url.startsWith("wss:")
    ? { waWebSocketUrl: url, agent: new Agent({ ca }), fetchAgent }
    : { waWebSocketUrl: url, fetchAgent };
}
