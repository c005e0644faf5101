import type { MediaKind, Settings } from "@pombo/domain";
import { z } from "zod";
import { contentFields, textRule } from "./content.ts";
import { dialectRecipient } from "./dialect-recipient.ts";
import { messageId, messageStatus } from "./message.ts";
import { issueOf } from "./validation.ts";
import { second, wutsDevice } from "./wuts.ts";

/** The recipient under the name that the route gives it. Fields that are not known are ignored: the dialect's own clients send more. */
function recipientField(name: "number" | "to") {
  return dialectRecipient({
    missing: `${name} is required and must be a phone number or a JID`,
    wrong: (why) => `${name} ${why}`,
  });
}

const QUOTED_RULE = "quoted must be an object with key.id, the id of the message that is answered";

const quoted = z
  .object(
    {
      key: z.object(
        {
          id: z
            .string({ error: QUOTED_RULE })
            .min(1, { error: QUOTED_RULE })
            .max(128, { error: QUOTED_RULE }),
          fromMe: z.boolean({ error: "quoted.key.fromMe must be true or false" }).optional(),
          participant: z.string({ error: QUOTED_RULE }).max(64, { error: QUOTED_RULE }).optional(),
        },
        { error: QUOTED_RULE },
      ),
    },
    { error: QUOTED_RULE },
  )
  .optional();

/** The body of `POST /send/text`. */
export function wutsTextBody(settings: Settings) {
  const most = Math.floor(settings.typing_limit_ms / 1_000);
  const typing = `typingDuration must be a number of seconds between 0 and ${most}`;
  return z
    .object({
      number: recipientField("number"),
      text: textRule(settings),
      typingDuration: z
        .number({ error: typing })
        .min(0, { error: typing })
        .max(most, { error: typing })
        .optional(),
      mentions: contentFields(settings).mentions,
      quoted,
      device_id: wutsDevice,
    })
    .meta({ id: "WutsText" });
}

/** Holds a part of the body against the rule of the native send body, under the dialect's names of its fields. */
function asNative<Given>(
  rule: z.ZodType,
  toNative: (given: Given) => unknown,
  names: Readonly<Record<string, string>>,
) {
  return z.core._check<Given>(({ value, issues }) => {
    const parsed = rule.safeParse(toNative(value), { reportInput: true });
    for (const { path, message, input } of parsed.error?.issues ?? []) {
      const [first = "", ...rest] = path.map(String);
      const field = names[first] ?? first;
      // Said already, in the dialect's words.
      if (issues.some((issue) => issue.path?.[0] === field.split(".")[0])) continue;
      const told = message.replace(/^[a-z]+\.([a-z_]+)/, (_, name: string) => names[name] ?? name);
      issues.push({ code: "custom", message: told, path: [...field.split("."), ...rest], input });
    }
  });
}

const anything = z.unknown().optional();

/** The body of `POST /send/location`. */
export function wutsLocationBody(settings: Settings) {
  return z
    .object({
      to: recipientField("to"),
      latitude: anything.meta({ type: "number", example: -23.55052 }),
      longitude: anything.meta({ type: "number", example: -46.633308 }),
      name: anything.meta({ type: "string" }),
      address: anything.meta({ type: "string" }),
      device_id: wutsDevice,
    })
    .check(asNative(contentFields(settings).location, wutsLocation, {}))
    .meta({ id: "WutsLocation" });
}

/** The native location of such a body. */
export function wutsLocation({ latitude, longitude, name, address }: WutsPlace) {
  return { latitude, longitude, name: given(name), address: given(address) };
}

interface WutsPlace {
  readonly latitude?: unknown;
  readonly longitude?: unknown;
  readonly name?: unknown;
  readonly address?: unknown;
}

/** An empty text stands for none. */
function given(text: unknown): unknown {
  return text === "" ? undefined : text;
}

const CONTACT_RULE = "contact must be an object with display_name and phone";

/** The body of `POST /send/contact`. */
export function wutsContactBody(settings: Settings) {
  return z
    .object({
      to: recipientField("to"),
      contact: z.object(
        { display_name: anything, phone: anything, company: anything },
        { error: CONTACT_RULE },
      ),
      device_id: wutsDevice,
    })
    .check(
      asNative(contentFields(settings).contact, wutsContact, {
        name: "contact.display_name",
        phone: "contact.phone",
        organization: "contact.company",
      }),
    )
    .meta({ id: "WutsContact" });
}

/** The native contact of such a body. */
export function wutsContact({ contact }: { readonly contact?: Readonly<Record<string, unknown>> }) {
  return {
    name: contact?.["display_name"],
    phone: contact?.["phone"],
    organization: given(contact?.["company"]),
  };
}

const OPTIONS_RULE = "options must be a list of 2 to 12 objects with option_name";

/** The body of `POST /send/poll`. */
export function wutsPollBody(settings: Settings) {
  return z
    .object({
      to: recipientField("to"),
      question: anything.meta({ type: "string" }),
      options: z.array(z.object({ option_name: anything }, { error: OPTIONS_RULE }), {
        error: OPTIONS_RULE,
      }),
      allow_multiple_answers: z
        .boolean({ error: "allow_multiple_answers must be true or false" })
        .optional(),
      device_id: wutsDevice,
    })
    .check(asNative(contentFields(settings).poll, wutsPoll, {}))
    .meta({ id: "WutsPoll" });
}

/** The native poll of such a body. */
export function wutsPoll(poll: {
  readonly question?: unknown;
  readonly options?: readonly { readonly option_name?: unknown }[];
  readonly allow_multiple_answers?: boolean | undefined;
}) {
  const { question, options = [], allow_multiple_answers: multiple = false } = poll;
  return {
    question,
    options: options.map(({ option_name: name }) => name),
    selectable_count: multiple ? Math.max(1, options.length) : 1,
  };
}

/** The body of `POST /send/image` and its likes: the bytes in base64, also as a data URI, or an address. */
export function wutsFileBody(kind: MediaKind, settings: Settings) {
  const file = contentFields(settings)[kind];
  return z
    .object({
      number: recipientField("number"),
      [kind]: anything.meta({ type: "string", description: "base64, with or without a data URI." }),
      [`${kind}_url`]: anything.meta({ type: "string" }),
      caption: anything.meta({ type: "string" }),
      file_name: anything.meta({
        type: "string",
        ...(kind === "document" ? { description: "Required with document_url." } : {}),
      }),
      mime_type: anything.meta({ type: "string" }),
      ...(kind === "audio" ? { ptt: anything.meta({ type: "boolean" }) } : {}),
      device_id: wutsDevice,
    })
    .check(oneSource(kind))
    .check(
      asNative(file, (body: Readonly<Record<string, unknown>>) => wutsFile(kind, body), {
        url: `${kind}_url`,
        base64: kind,
        "": kind,
      }),
    )
    .meta({ id: `Wuts${kind.charAt(0).toUpperCase()}${kind.slice(1)}` });
}

/** What the native rule could not say in the dialect's words. */
function oneSource(kind: MediaKind) {
  return z.core._check<Readonly<Record<string, unknown>>>(({ value, issues }) => {
    const url = given(value[`${kind}_url`]);
    const bytes = given(value[kind]);
    const name = given(value["file_name"]);
    const wrong = (field: string, message: string): void =>
      void issues.push({ code: "custom", message, path: [field], input: value[field] });
    if ((url === undefined) === (bytes === undefined))
      wrong(kind, `exactly one of ${kind} and ${kind}_url is required`);
    if (kind === "document" && url !== undefined && name === undefined)
      wrong("file_name", "file_name is required with document_url");
  });
}

const DATA_URI = /^data:([a-z]+\/[A-Za-z0-9.+-]{1,100})?[^,]{0,100};base64,/;

/** The native file of such a body. */
export function wutsFile(kind: MediaKind, body: Readonly<Record<string, unknown>>) {
  const url = given(body[`${kind}_url`]);
  const bytes = given(body[kind]);
  const uri = typeof bytes === "string" ? DATA_URI.exec(bytes) : null;
  const base64 = uri === null ? bytes : String(bytes).slice(uri[0].length);
  const file = {
    url,
    base64,
    caption: given(body["caption"]),
    file_name: given(body["file_name"]),
    mime_type: given(body["mime_type"]) ?? uri?.[1],
    ptt: kind === "audio" ? body["ptt"] : undefined,
  };
  return Object.fromEntries(Object.entries(file).filter(([, value]) => value !== undefined));
}

function targetField(name: string) {
  const rule = `${name} is required`;
  return z
    .string({ error: rule })
    .max(128, { error: `${name} is too long` })
    .optional()
    .transform((text, context) => {
      if (text !== undefined && text.trim() !== "") return text;
      context.issues.push(issueOf("MISSING_REQUIRED_FIELDS", rule, text));
      return z.NEVER;
    })
    .meta({ type: "string" });
}

/** The body of `DELETE /messages/delete`. */
export const wutsDeleteBody = z
  .object({
    messageId: targetField("messageId"),
    chatJid: targetField("chatJid"),
    deleteType: z
      .enum(["for_everyone", "for_me"], { error: "deleteType must be for_everyone or for_me" })
      .optional(),
    reason: z.string({ error: "reason must be a text" }).max(255).optional(),
    device_id: wutsDevice,
  })
  .meta({ id: "WutsDelete" });

const sentFields = {
  success: z.literal(true),
  message_id: messageId,
  timestamp: second,
  status: messageStatus.meta({ description: "`sent` once WhatsApp has acknowledged it." }),
};

export const wutsSent = z
  .object({
    ...sentFields,
    chat_jid: z.string(),
    metadata: z.looseObject({
      device_id: z.string(),
      processing_time_ms: z.int(),
      sent_at: second.nullable(),
    }),
  })
  .meta({ id: "WutsSent" });

/** What the dialect's documents show for a location, a contact and a poll. */
export const wutsSentBriefly = z
  .object({
    ...sentFields,
    message: z.string(),
    options_count: z.int().optional(),
    multiple_choice: z.boolean().optional(),
  })
  .meta({ id: "WutsSentBriefly" });

export const wutsDeleted = z
  .object({
    success: z.literal(true),
    message_id: z.string(),
    deleted_at: second,
    delete_type: z.enum(["for_everyone", "for_me"]),
    chat_jid: z.string(),
    metadata: z.looseObject({
      time_elapsed_minutes: z.int(),
      within_time_limit: z.boolean(),
      processing_time_ms: z.int(),
    }),
  })
  .meta({ id: "WutsDeleted" });
