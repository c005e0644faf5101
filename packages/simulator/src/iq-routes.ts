import type { Connection } from "./connection.ts";
import { unlink } from "./endings.ts";
import {
  giveGroup,
  giveGroups,
  takeAnnounce,
  takeDescription,
  takeLeave,
  takeMembers,
  takeNewGroup,
  takeSubject,
} from "./group-queries.ts";
import type { IqCall } from "./iq-call.ts";
import { activate } from "./login.ts";
import { mediaConnection } from "./media-connection.ts";
import type { BinaryNode } from "./node.ts";
import { takeLinkCode } from "./pairing-code.ts";
import {
  countPreKeys,
  digestKeys,
  giveBundles,
  rotateSignedPreKey,
  takePreKeys,
} from "./prekeys.ts";
import { privacySettings, takePrivacyTokens } from "./privacy.ts";
import {
  appStateCollections,
  blocklist,
  noProfilePicture,
  properties,
  reachoutTimelock,
} from "./queries.ts";
import type { Realm } from "./realm.ts";
import { answerUsync } from "./usync.ts";

interface IqRoute {
  readonly answer: (call: IqCall) => BinaryNode[] | Promise<BinaryNode[]>;
  /** For a connection that is not a device yet. */
  readonly whilePairing?: (
    realm: Realm,
    connection: Connection,
    operation: BinaryNode,
  ) => BinaryNode[] | Promise<BinaryNode[]>;
}

const nothing = (): BinaryNode[] => [];

/** `xmlns type operation` → its answer. What is not here is answered with 501. */
export const iqRoutes: Readonly<Record<string, IqRoute>> = {
  "w:p get ping": { answer: nothing },
  "encrypt get count": { answer: countPreKeys },
  "encrypt get digest": { answer: digestKeys },
  "encrypt get key": { answer: giveBundles },
  "encrypt set registration": { answer: takePreKeys },
  "encrypt set rotate": { answer: rotateSignedPreKey },
  "passive set active": { answer: goActive },
  "passive set passive": { answer: goPassive },
  "md set link_code_companion_reg": { answer: nothing, whilePairing: takeLinkCode },
  "md set remove-companion-device": { answer: removeDevice },
  "usync get usync": { answer: answerUsync },
  "abt get props": { answer: properties },
  "w get props": { answer: properties },
  "blocklist get none": { answer: blocklist },
  "blocklist set item": { answer: blocklist },
  "privacy get privacy": { answer: privacySettings },
  "privacy set privacy": { answer: privacySettings },
  "privacy set tokens": { answer: takePrivacyTokens },
  "urn:xmpp:whatsapp:dirty set clean": { answer: nothing },
  "w:mex get query": { answer: reachoutTimelock },
  "w:sync:app:state set sync": { answer: appStateCollections },
  "w:profile:picture get picture": { answer: noProfilePicture },
  "w:m set media_conn": { answer: mediaConnection },
  "w:g2 get query": { answer: giveGroup },
  "w:g2 get participating": { answer: giveGroups },
  "w:g2 set create": { answer: takeNewGroup },
  "w:g2 set add": { answer: takeMembers("add") },
  "w:g2 set remove": { answer: takeMembers("remove") },
  "w:g2 set promote": { answer: takeMembers("promote") },
  "w:g2 set demote": { answer: takeMembers("demote") },
  "w:g2 set leave": { answer: takeLeave },
  "w:g2 set subject": { answer: takeSubject },
  "w:g2 set description": { answer: takeDescription },
  "w:g2 set announcement": { answer: takeAnnounce(true) },
  "w:g2 set not_announcement": { answer: takeAnnounce(false) },
  "w:stats * *": { answer: nothing },
};

function goActive({ realm, connection }: IqCall): BinaryNode[] {
  // After this answer is out, in the order a client expects.
  realm.timers.after(0, () => activate(realm, connection));
  return [];
}

function goPassive({ role }: IqCall): BinaryNode[] {
  role.active = false;
  return [];
}

function removeDevice({ realm, role }: IqCall): BinaryNode[] {
  unlink(realm, role);
  return [];
}
