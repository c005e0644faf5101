import { type AnyMessageContent, proto } from "@whiskeysockets/baileys";

/** What a message says; a union by kind once there is more than text. */
export interface OutgoingContent {
  readonly text: string;
}

/** The content in Baileys' words. `linkPreview: null` keeps it from fetching the links in a text. */
export function toBaileys(content: OutgoingContent): AnyMessageContent {
  return { text: content.text, linkPreview: null };
}

/** The message as it was sent, for a recipient that asks for it again. */
export function toProto(content: OutgoingContent): proto.IMessage {
  return proto.Message.fromObject({ extendedTextMessage: { text: content.text } });
}
