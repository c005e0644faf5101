import { BadRequest, fieldsOf, switchOf, textIn } from "./bad-request.ts";
import type { Call } from "./control-routes.ts";
import { textsIn } from "./letter-parser.ts";

/** Groups in the control API. */
const subjectChars = 100;

export const groupRoutes = {
  all: {
    GET: {
      about: "all groups; ?phone=: those that the number is in",
      answer: ({ control, query }: Call) => control.groups(query.get("phone") ?? undefined),
    },
    POST: {
      about:
        "{subject, participants: numbers (the first is the creator), mode: lid | pn, announce}",
      status: 201,
      answer: create,
    },
  },
  one: {
    GET: {
      about: "one group",
      answer: ({ control, names }: Call) => control.group(names["group"] ?? ""),
    },
    POST: { about: "{subject}", answer: rename },
  },
  participants: {
    POST: {
      about: "{add | remove | promote | demote: numbers, actor}",
      answer: changeParticipants,
    },
  },
} as const;

function create({ control, body }: Call): unknown {
  const names = ["subject", "participants", "mode", "announce"];
  const { subject, participants, mode, announce } = fieldsOf(body.json(), "the body", names);
  return control.createGroup({
    subject: textIn(subject, "subject", subjectChars),
    participants: textsIn(participants, "participants"),
    ...(mode !== undefined && { mode: modeIn(mode) }),
    ...(announce !== undefined && { announce: switchOf(announce, "announce") }),
  });
}

function modeIn(value: unknown): "lid" | "pn" {
  if (value === "lid" || value === "pn") return value;
  throw new BadRequest("mode must be lid or pn");
}

function rename({ control, names, body }: Call): unknown {
  const { subject } = fieldsOf(body.json(), "the body", ["subject"]);
  return control.renameGroup(names["group"] ?? "", textIn(subject, "subject", subjectChars));
}

const changes = ["add", "remove", "promote", "demote"] as const;

function changeParticipants({ control, names, body }: Call): unknown {
  const fields = fieldsOf(body.json(), "the body", [...changes, "actor"]);
  const given = changes.filter((change) => fields[change] !== undefined);
  const [change] = given;
  if (change === undefined || given.length > 1)
    throw new BadRequest(`the body needs exactly one of: ${changes.join(", ")}`);
  return control.changeMembers(names["group"] ?? "", {
    change,
    participants: textsIn(fields[change], change),
    ...(fields["actor"] !== undefined && { actor: textIn(fields["actor"], "actor", 32) }),
  });
}
