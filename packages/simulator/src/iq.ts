import { BadRequest } from "./bad-request.ts";
import type { Connection } from "./connection.ts";
import { endConnection, isEnding } from "./endings.ts";
import type { FaultAction } from "./faults.ts";
import { IqError } from "./iq-call.ts";
import { iqRoutes } from "./iq-routes.ts";
import { SERVER_JID } from "./jid.ts";
import { children, el, type BinaryNode } from "./node.ts";
import type { Realm } from "./realm.ts";

type IqFault = Exclude<FaultAction, { kind: "nack" | "failure" }>;

/** Answers one query; a fault may come first. */
export async function handleIq(
  realm: Realm,
  connection: Connection,
  iq: BinaryNode,
): Promise<void> {
  const xmlns = iq.attrs["xmlns"] ?? "";
  const operation = children(iq)[0];
  const { role } = connection;
  if (role.kind === "device" && operation?.tag !== "ping") {
    realm.counters.iqs += 1;
    realm.log.append("iq", {
      device: role.jid,
      id: iq.attrs["id"] ?? "",
      type: iq.attrs["type"] ?? "",
      xmlns,
      operation: operation?.tag,
    });
  }
  const device = role.kind === "device" ? role.jid : undefined;
  const fault = realm.faults.take("iq", { device, xmlns }) as IqFault | undefined;
  if (fault !== undefined) return disturb(realm, connection, { fault, iq });
  connection.send(await answer(realm, connection, iq));
}

async function answer(realm: Realm, connection: Connection, iq: BinaryNode): Promise<BinaryNode> {
  const attrs = { from: iq.attrs["to"] ?? SERVER_JID, id: iq.attrs["id"] };
  try {
    const content = await route(realm, connection, iq);
    return el("iq", { ...attrs, type: "result" }, content.length === 0 ? undefined : content);
  } catch (error) {
    if (!(error instanceof IqError || error instanceof BadRequest)) throw error;
    const code = error instanceof IqError ? error.code : error.status;
    return el("iq", { ...attrs, type: "error" }, [el("error", { code, text: error.message })]);
  }
}

function route(
  realm: Realm,
  connection: Connection,
  iq: BinaryNode,
): BinaryNode[] | Promise<BinaryNode[]> {
  const operation = children(iq)[0] ?? el("none");
  const found =
    iqRoutes[`${iq.attrs["xmlns"]} ${iq.attrs["type"]} ${operation.tag}`] ??
    iqRoutes[`${iq.attrs["xmlns"]} * *`];
  if (found === undefined) throw new IqError(501, "feature-not-implemented");
  if (found.whilePairing !== undefined) return found.whilePairing(realm, connection, operation);
  const { role } = connection;
  if (role.kind !== "device") throw new IqError(401, "not-authorized");
  return found.answer({ realm, connection, role, iq, operation });
}

function disturb(
  realm: Realm,
  connection: Connection,
  { fault, iq }: { fault: IqFault; iq: BinaryNode },
): void {
  if (fault.kind === "delay") {
    const late = async (): Promise<void> => connection.send(await answer(realm, connection, iq));
    realm.timers.after(fault.ms, () => realm.work.add(late));
  } else if (fault.kind === "iq_error") {
    const { code, text } = fault;
    const attrs = { from: iq.attrs["to"] ?? SERVER_JID, id: iq.attrs["id"], type: "error" };
    connection.send(el("iq", attrs, [el("error", { code, text })]));
  } else if (isEnding(fault)) endConnection(realm, connection, fault);
  // Else (drop, blackhole): no answer at all.
}
