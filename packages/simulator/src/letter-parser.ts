import { BadRequest, fieldsOf, integerOf, switchOf, textIn, type Fields } from "./bad-request.ts";
import { contentKinds, type Letter, type LetterContent, type LetterMediaKind } from "./letter.ts";
import type { Limits } from "./limits.ts";

/** The letter in a JSON body. Throws {@link BadRequest}. */
export function parseLetter(input: unknown, limits: Limits): Letter {
  const names = ["to", "id", "quoted", "mentions", ...contentKinds];
  const fields = fieldsOf(input, "the body", names);
  const given = contentKinds.filter((kind) => fields[kind] !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1)
    throw new BadRequest(`the body needs exactly one of: ${contentKinds.join(", ")}`);
  const { mentions } = fields;
  return {
    to: textIn(fields["to"], "to", 64),
    ...(fields["id"] === undefined ? {} : { id: textIn(fields["id"], "id", 64) }),
    ...(fields["quoted"] === undefined ? {} : { quoted: textIn(fields["quoted"], "quoted", 64) }),
    ...(mentions === undefined ? {} : { mentions: textsIn(mentions, "mentions") }),
    [kind]: parsers[kind](fields[kind], limits),
  };
}

type Parser<Value> = (value: unknown, limits: Limits) => Value;

const parsers: {
  readonly [Kind in (typeof contentKinds)[number]]: Parser<LetterContent[Kind]>;
} = {
  text: (value, { textChars }) => textIn(value, "text", textChars),
  image: (value, limits) => media(value, "image", limits),
  video: (value, limits) => media(value, "video", limits),
  audio: (value, limits) => media(value, "audio", limits),
  document: (value, limits) => media(value, "document", limits),
  sticker: (value, limits) => media(value, "sticker", limits),
  location(value) {
    const fields = fieldsOf(value, "location", ["latitude", "longitude", "name", "address"]);
    return {
      latitude: degreesIn(fields, "latitude", 90),
      longitude: degreesIn(fields, "longitude", 180),
      ...optionalText(fields, "name"),
      ...optionalText(fields, "address"),
    };
  },
  contact(value) {
    const fields = fieldsOf(value, "contact", ["name", "phone"]);
    return {
      name: textIn(fields["name"], "contact.name", 200),
      phone: textIn(fields["phone"], "contact.phone", 32),
    };
  },
  poll(value) {
    const fields = fieldsOf(value, "poll", ["question", "options", "selectable_count"]);
    const count = fields["selectable_count"];
    return {
      question: textIn(fields["question"], "poll.question", 1_000),
      options: textsIn(fields["options"], "poll.options"),
      ...(count !== undefined && {
        selectable_count: integerOf(count, "poll.selectable_count", [0, 12]),
      }),
    };
  },
  reaction(value) {
    const fields = fieldsOf(value, "reaction", ["message_id", "emoji"]);
    const { emoji } = fields;
    return {
      message_id: textIn(fields["message_id"], "reaction.message_id", 64),
      emoji: emoji === "" ? "" : textIn(emoji, "reaction.emoji", 32),
    };
  },
  edit(value, { textChars }) {
    const fields = fieldsOf(value, "edit", ["message_id", "text"]);
    return {
      message_id: textIn(fields["message_id"], "edit.message_id", 64),
      text: textIn(fields["text"], "edit.text", textChars),
    };
  },
  delete(value) {
    const fields = fieldsOf(value, "delete", ["message_id"]);
    return { message_id: textIn(fields["message_id"], "delete.message_id", 64) };
  },
};

function media(value: unknown, kind: LetterMediaKind, limits: Limits) {
  const names = ["base64", "size", "caption", "file_name", "mime_type", "ptt"];
  const fields = fieldsOf(value, kind, names);
  const { base64, size, ptt } = fields;
  if ((base64 === undefined) === (size === undefined))
    throw new BadRequest(`${kind} needs either base64 or size`);
  return {
    ...(base64 !== undefined && {
      base64: textIn(base64, `${kind}.base64`, limits.mediaBodyBytes),
    }),
    ...(size !== undefined && { size: integerOf(size, `${kind}.size`, [1, limits.mediaBytes]) }),
    ...optionalText(fields, "caption"),
    ...optionalText(fields, "file_name"),
    ...optionalText(fields, "mime_type"),
    ...(ptt !== undefined && { ptt: switchOf(ptt, `${kind}.ptt`) }),
  };
}

function optionalText<Name extends string>(fields: Fields, name: Name): { [N in Name]?: string } {
  const value = fields[name];
  if (value === undefined) return {};
  return { [name]: textIn(value, name, 4_096) } as { [N in Name]?: string };
}

function degreesIn(fields: Fields, name: string, most: number): number {
  const value = fields[name];
  if (typeof value !== "number" || !(Math.abs(value) <= most))
    throw new BadRequest(`location.${name} must be a number from -${most} to ${most}`);
  return value;
}

export function textsIn(value: unknown, what: string): string[] {
  if (!Array.isArray(value) || value.length === 0)
    throw new BadRequest(`${what} must be a list of texts`);
  return value.map((item: unknown, at) => textIn(item, `${what}[${at}]`, 1_000));
}
