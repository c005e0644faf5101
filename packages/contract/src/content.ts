import {
  hasCaption,
  MEDIA_KINDS,
  type MessageContent,
  parseRecipient,
  type Settings,
} from "@pombo/domain";
import { z } from "zod";
import { hasLength, isBase64, isCarriable } from "./text-rules.ts";
import { elide } from "./elide.ts";
import { issueOf, type ValidationEntry } from "./validation.ts";

/** The keys of a send body of which exactly one is given. */
export const CONTENT_KEYS = [
  "text",
  ...MEDIA_KINDS,
  "location",
  "contact",
  "poll",
  "reaction",
] as const;
const KEY_NAMES = CONTENT_KEYS.join(", ");
export type ContentKey = (typeof CONTENT_KEYS)[number];

const NAME_LIMIT = 255;
const OPTION_LIMIT = 100;
const MOST_OPTIONS = 12;
const LONGEST_URL = 2_048;
const LONGEST_ID = 128;
const EMOJI = /^(?:\p{RGI_Emoji}|\p{Extended_Pictographic}\uFE0F?)$/v;

/** What a message may say: exactly one of `CONTENT_KEYS`, and what goes with it. `oneContent` says which are missing or too many. */
export function contentFields(settings: Settings) {
  return {
    text: textRule(settings).optional(),
    image: fileRule("image", settings),
    video: fileRule("video", settings),
    audio: fileRule("audio", settings),
    document: fileRule("document", settings),
    sticker: fileRule("sticker", settings),
    location: location.optional(),
    contact: contact.optional(),
    poll: poll.optional(),
    reaction: reaction.optional(),
    quoted: quoted.optional(),
    mentions: mentionsRule(settings.mentions_limit),
    typing_ms: typingRule(settings.typing_limit_ms),
  };
}

/** Why the keys of a body don't name exactly one content; undefined when they do. `field` is where the error belongs. */
export function oneContent(
  keys: readonly string[],
): { readonly field: ContentKey; readonly message: string } | undefined {
  const given = CONTENT_KEYS.filter((key) => keys.includes(key));
  if (given.length === 0)
    return { field: "text", message: `exactly one of ${KEY_NAMES} is required` };
  const [first, second] = given;
  if (second === undefined) return undefined;
  return {
    field: second,
    message: `exactly one of ${KEY_NAMES} may be given, but ${first} is given as well`,
  };
}

/** The text of a message. */
export function textRule({ text_limit_chars: limit }: Settings) {
  const rule = `text is required and must be between 1 and ${limit} characters`;
  return z
    .string({ error: rule })
    .refine((text) => hasLength(text, [1, limit]), { error: rule })
    .refine(isCarriable, { error: "text must be well-formed Unicode without NUL characters" })
    .meta({ minLength: 1, maxLength: limit, description: "Counted in Unicode code points." });
}

/** One object of a content; says what it should be when it is something else. */
function objectRule<Shape extends z.ZodRawShape>(name: string, shape: Shape) {
  const rule = `${name} must be an object with ${Object.keys(shape).join(", ")}`;
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "invalid_type" ? rule : undefined),
  });
}

/** A text of `least` to `most` characters. */
function words(name: string, [least, most]: readonly [least: number, most: number]) {
  const rule = `${name} must be a text of ${least} to ${most} characters`;
  return z
    .string({ error: rule })
    .refine((text) => hasLength(text, [least, most]), { error: rule })
    .refine(isCarriable, { error: `${name} must be well-formed Unicode without NUL characters` })
    .meta({ minLength: least, maxLength: most });
}

function wordsOrNone(name: string, most = NAME_LIMIT) {
  return words(name, [1, most]).optional();
}

const SOURCES = ["url", "base64", "media_id"] as const;

function fileRule(kind: (typeof MEDIA_KINDS)[number], settings: Settings) {
  const base64 = `${kind}.base64 must be the bytes of the file in base64`;
  const mime = `${kind}.mime_type must be a media type like image/png`;
  const shape = {
    url: urlRule(`${kind}.url`),
    base64: z.string({ error: base64 }).refine(isBase64, { error: base64 }).optional(),
    media_id: mediaIdRule(`${kind}.media_id`),
    caption: wordsOrNone(`${kind}.caption`, settings.caption_limit_chars).meta(
      hasCaption(kind) ? {} : { description: "Taken, but no phone shows words with it." },
    ),
    file_name: wordsOrNone(`${kind}.file_name`),
    mime_type: z
      .string({ error: mime })
      .regex(/^[a-z]+\/[A-Za-z0-9.+-]{1,100}(?:; ?[A-Za-z0-9.=" -]{1,100})?$/, { error: mime })
      .optional(),
  };
  const ptt = z
    .boolean({ error: "audio.ptt must be true or false" })
    .optional()
    .meta({ description: "Audio only: a voice note." });
  const file = objectRule(
    kind,
    kind === "audio" ? { ...shape, ptt } : { ...shape, ptt: absentRule("ptt is for audio only") },
  );
  return file
    .refine((given) => SOURCES.filter((source) => given[source] !== undefined).length === 1, {
      error: `${kind} must have exactly one of ${SOURCES.join(", ")}`,
    })
    .optional();
}

/** Where the bytes of a file are fetched from. */
export function urlRule(name: string) {
  const rule = `${name} must be an http or https address of at most ${LONGEST_URL} characters`;
  return z
    .string({ error: rule })
    .max(LONGEST_URL, { error: rule })
    .pipe(z.url({ protocol: /^https?$/, error: rule }))
    .optional()
    .meta({ description: "Fetched before the message is sent.", format: "uri" });
}

export function mediaIdRule(name: string) {
  return words(name, [1, LONGEST_ID])
    .optional()
    .meta({ description: "Of `POST /v1/media`: uploaded once, sent many times." });
}

/** A field that others of its kind have. */
function absentRule(error: string) {
  return z
    .undefined({ error })
    .optional()
    .meta({ override: { not: {} } });
}

/** Why these words, which are right for a text, can't replace those of `content`; undefined when they can, or when it has none. */
export function wrongWords(
  content: MessageContent,
  text: string,
  { caption_limit_chars: limit }: Settings,
): ValidationEntry | undefined {
  if (!hasCaption(content.kind) || hasLength(text, [1, limit])) return undefined;
  const message = `text must be between 1 and ${limit} characters: it becomes the caption of the ${content.kind}`;
  return { field: "text", message, value: elide("text", text) };
}

function degrees(name: string, most: number) {
  const rule = `location.${name} must be a number between -${most} and ${most}`;
  return z.number({ error: rule }).min(-most, { error: rule }).max(most, { error: rule });
}

const location = objectRule("location", {
  latitude: degrees("latitude", 90),
  longitude: degrees("longitude", 180),
  name: wordsOrNone("location.name"),
  address: wordsOrNone("location.address"),
}).meta({ id: "Location" });

/** A phone number as people write it; parsing makes it digits. */
function phoneRule(name: string) {
  const rule = `${name} must be a phone number of 10 to 15 digits in international form`;
  return z
    .string({ error: rule })
    .max(64, { error: rule })
    .transform((text, context) => {
      const parsed = parseRecipient(text);
      if (parsed.kind === "recipient" && parsed.recipient.kind === "user")
        return parsed.recipient.digits;
      context.issues.push(issueOf("VALIDATION_ERROR", rule, text));
      return z.NEVER;
    })
    .meta({ example: "+55 11 99999-9999" });
}

const contact = objectRule("contact", {
  name: words("contact.name", [1, NAME_LIMIT]),
  phone: phoneRule("contact.phone"),
  organization: wordsOrNone("contact.organization"),
}).meta({ id: "Contact" });

const OPTIONS_RULE = `poll.options must be a list of 2 to ${MOST_OPTIONS} different texts`;
const SELECTABLE_RULE =
  "poll.selectable_count must be a whole number from 1 to the number of options";

const poll = objectRule("poll", {
  question: words("poll.question", [1, NAME_LIMIT]),
  options: z
    .array(words("poll.options", [1, OPTION_LIMIT]), { error: OPTIONS_RULE })
    .min(2, { error: OPTIONS_RULE })
    .max(MOST_OPTIONS, { error: OPTIONS_RULE })
    .refine((options) => new Set(options).size === options.length, { error: OPTIONS_RULE }),
  selectable_count: z
    .int({ error: SELECTABLE_RULE })
    .min(1, { error: SELECTABLE_RULE })
    .max(MOST_OPTIONS, { error: SELECTABLE_RULE })
    .optional()
    .meta({ description: "How many options one person may choose; 1 when absent." }),
})
  .refine(({ options, selectable_count: count = 1 }) => count <= options.length, {
    path: ["selectable_count"],
    error: SELECTABLE_RULE,
  })
  .meta({ id: "Poll" });

/** The id of the message that is meant; an absent or empty one has a code of its own where it must be there. */
function targetId(name: string) {
  const rule = `${name} is required and must be the id of a message`;
  return z
    .string({ error: rule })
    .max(LONGEST_ID, { error: rule })
    .refine(isCarriable, { error: rule })
    .optional()
    .transform((id, context) => {
      if (id !== undefined && id !== "") return id;
      context.issues.push(issueOf("MISSING_REQUIRED_FIELDS", rule, id));
      return z.NEVER;
    })
    .meta({ type: "string", example: "3EB0A1B2C3D4E5F6A7B8C9" });
}

const AUTHOR = "Who wrote the message, where Pombo does not know it: a phone number.";

const reaction = objectRule("reaction", {
  message_id: targetId("reaction.message_id"),
  emoji: z
    .string({ error: 'reaction.emoji must be one emoji, or "" to remove the reaction' })
    .refine((text) => text === "" || EMOJI.test(text), {
      error: 'reaction.emoji must be one emoji, or "" to remove the reaction',
    })
    .meta({ description: 'One emoji; "" removes the reaction.', example: "👍" }),
  participant: phoneRule("reaction.participant").optional().meta({ description: AUTHOR }),
}).meta({ id: "Reaction" });

const quoted = objectRule("quoted", {
  message_id: targetId("quoted.message_id"),
  participant: phoneRule("quoted.participant").optional().meta({ description: AUTHOR }),
}).meta({ id: "Quoted", description: "The message that this one answers: sent or received." });

function mentionsRule(most: number) {
  const rule = `mentions must be a list of 1 to ${most} phone numbers`;
  return z
    .array(phoneRule("mentions"), { error: rule })
    .min(1, { error: rule })
    .max(most, { error: rule })
    .optional()
    .meta({ description: "People who are named in the text as @ and their number." });
}

function typingRule(most: number) {
  const rule = `typing_ms must be a whole number between 0 and ${most}`;
  return z
    .int({ error: rule })
    .min(0, { error: rule })
    .max(most, { error: rule })
    .optional()
    .meta({ description: "Shows “typing…” for so long before the message leaves." });
}
