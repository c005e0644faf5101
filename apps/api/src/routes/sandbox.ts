import type { Problem, RouteName } from "@pombo/contract";
import type { Answer } from "../answer.ts";
import { json, refuse } from "../answer.ts";
import type { Call, Handler } from "../bind-route.ts";
import { faultKinds, faultOf, orderOf } from "../sandbox/fault-kinds.ts";
import { fieldsOf, listOf, nullableText, nullableWhole, textOf } from "../sandbox/fields.ts";
import type { Sandbox, SandboxAnswer } from "../sandbox/open-sandbox.ts";
import { chatOf, logEntryOf, messageOf, phoneOf } from "../sandbox/render-phones.ts";

export interface SandboxDeps {
  /** Absent: WhatsApp itself is spoken to. */
  readonly sandbox?: Sandbox | undefined;
}

const LIVE: Problem = {
  code: "NOT_FOUND",
  detail: "This installation talks to WhatsApp itself: it has no sandbox",
};
const LIMITED: Problem = {
  code: "FORBIDDEN",
  detail: "The sandbox shows what all devices sent, and the API key is limited to certain devices",
};
const PAGE = 100;
const LOG_PAGE = 200;
/** The client has to sign, and may be slow. */
const LINK_MS = 25_000;

type Asking<Name extends RouteName> = (sandbox: Sandbox, call: Call<Name>) => Promise<Answer>;

/** Whoever may ask at all. */
function inSandbox<Name extends RouteName>(
  { sandbox }: SandboxDeps,
  asking: Asking<Name>,
): Handler<Name> {
  return async (call) => {
    if (call.caller.devices !== "*") return refuse(LIMITED);
    return sandbox === undefined ? refuse(LIVE) : asking(sandbox, call);
  };
}

function answered(answer: SandboxAnswer, render: (value: unknown) => object, status = 200): Answer {
  if (answer.kind === "refused") return refuse(answer.problem);
  return json(status, { success: true, ...render(answer.value) });
}

function listed(name: string, item: (value: unknown) => object): (value: unknown) => object {
  return (value) => {
    const { items, next } = fieldsOf(value);
    return { [name]: listOf(items).map(item), next_cursor: nullableText(next) };
  };
}

function idIn(value: unknown) {
  return { message_id: textOf(fieldsOf(value)["id"]) };
}

function idsIn(value: unknown) {
  return { read: listOf(fieldsOf(value)["read"]).map(textOf) };
}

/** A code that nobody waits for is no wrong address. */
function linkedBy(answer: SandboxAnswer): Answer {
  if (answer.kind === "refused" && answer.problem.code === "NOT_FOUND")
    return refuse({ ...answer.problem, code: "CONFLICT" });
  return answered(answer, (value) => {
    const { phone, jid } = fieldsOf(value);
    return { phone: textOf(phone), jid: textOf(jid) };
  });
}

/** `/v1/sandbox/*` */
export function sandboxHandlers(deps: SandboxDeps) {
  return { ...phoneHandlers(deps), ...chatHandlers(deps), ...faultHandlers(deps) };
}

function phoneHandlers(deps: SandboxDeps) {
  return {
    listSandboxPhones: inSandbox<"listSandboxPhones">(deps, async (sandbox, { query }) => {
      const wish = { query: { limit: PAGE, ...query } };
      return answered(await sandbox.ask("GET", "/admin/phones", wish), listed("phones", phoneOf));
    }),
    addSandboxPhone: inSandbox<"addSandboxPhone">(deps, async (sandbox, { body }) => {
      const wish = { body: body.phone === undefined ? {} : { number: body.phone } };
      return answered(await sandbox.ask("POST", "/admin/phones", wish), phoneOf, 201);
    }),
    getSandboxPhone: inSandbox<"getSandboxPhone">(deps, async (sandbox, { params }) =>
      answered(await sandbox.ask("GET", `/admin/phones/${params.phone}`), phoneOf),
    ),
    changeSandboxPhone: inSandbox<"changeSandboxPhone">(deps, async (sandbox, call) => {
      const { restricted_until: until, ...body } = call.body;
      const seconds = until === null ? 0 : Math.floor(Date.parse(until ?? "") / 1_000);
      const changes = until === undefined ? body : { ...body, restricted_until: seconds };
      const path = `/admin/phones/${call.params.phone}`;
      const changed = await sandbox.ask("POST", `${path}/settings`, { body: changes });
      if (changed.kind === "refused") return refuse(changed.problem);
      return answered(await sandbox.ask("GET", path), phoneOf);
    }),
    scanQr: inSandbox<"scanQr">(deps, async (sandbox, { params, body }) => {
      const wish = { query: { phone: params.phone }, body, waitMs: LINK_MS };
      return linkedBy(await sandbox.ask("POST", "/admin/mock-phone/scan-qr", wish));
    }),
    enterCode: inSandbox<"enterCode">(deps, async (sandbox, { params, body }) => {
      const wish = { body: { phone: params.phone, code: body.code }, waitMs: LINK_MS };
      return linkedBy(await sandbox.ask("POST", "/admin/mock-phone/enter-code", wish));
    }),
  };
}

function chatHandlers(deps: SandboxDeps) {
  return {
    listSandboxChats: inSandbox<"listSandboxChats">(deps, async (sandbox, { params, query }) => {
      const wish = { query: { limit: PAGE, ...query } };
      const path = `/admin/phones/${params.phone}/chats`;
      return answered(await sandbox.ask("GET", path, wish), listed("chats", chatOf));
    }),
    listSandboxMessages: inSandbox<"listSandboxMessages">(
      deps,
      async (sandbox, { params, query }) => {
        const wish = { query: { limit: PAGE, ...query } };
        const path = `/admin/phones/${params.phone}/inbox`;
        return answered(await sandbox.ask("GET", path, wish), listed("messages", messageOf));
      },
    ),
    writeFromPhone: inSandbox<"writeFromPhone">(deps, async (sandbox, { params, body }) => {
      const path = `/admin/phones/${params.phone}/messages`;
      return answered(await sandbox.ask("POST", path, { body }), idIn, 201);
    }),
    readOnPhone: inSandbox<"readOnPhone">(deps, async (sandbox, { params, body }) => {
      const path = `/admin/phones/${params.phone}/read`;
      return answered(await sandbox.ask("POST", path, { body }), idsIn);
    }),
    listSandboxLog: inSandbox<"listSandboxLog">(deps, async (sandbox, { query }) => {
      const { message_id: id, limit = LOG_PAGE, after } = query;
      const told = await sandbox.ask("GET", "/admin/story", { query: { id, limit, after } });
      return answered(told, (value) => {
        const { entries, last, dropped } = fieldsOf(value);
        const counts = { last: nullableWhole(last) ?? 0, dropped: nullableWhole(dropped) ?? 0 };
        return { entries: listOf(entries).map(logEntryOf), ...counts };
      });
    }),
  };
}

function faultHandlers(deps: SandboxDeps) {
  return {
    listSandboxFaults: inSandbox<"listSandboxFaults">(deps, async (sandbox) =>
      answered(await sandbox.ask("GET", "/admin/faults"), (value) => ({
        faults: listOf(value).map(faultOf),
        kinds: faultKinds(),
      })),
    ),
    addSandboxFault: inSandbox<"addSandboxFault">(deps, async (sandbox, { body }) => {
      const ordered = orderOf(body);
      if ("problem" in ordered) return refuse(ordered.problem);
      const wish = { body: ordered.order };
      return answered(await sandbox.ask("POST", "/admin/faults", wish), faultOf, 201);
    }),
    removeSandboxFaults: inSandbox<"removeSandboxFaults">(deps, async (sandbox) => {
      const waiting = await sandbox.ask("GET", "/admin/faults");
      if (waiting.kind === "refused") return refuse(waiting.problem);
      const count = listOf(waiting.value).length;
      return answered(await sandbox.ask("DELETE", "/admin/faults"), () => ({
        switched_off: count,
      }));
    }),
    removeSandboxFault: inSandbox<"removeSandboxFault">(deps, async (sandbox, { params }) => {
      const path = `/admin/faults/${params.fault_id}`;
      return answered(await sandbox.ask("DELETE", path), () => ({ switched_off: 1 }));
    }),
  };
}
