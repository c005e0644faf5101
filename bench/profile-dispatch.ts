import type { CellId } from "@pombo/domain";
import type { Options } from "./options.ts";
import { openPombo } from "./pombo.ts";
import { profiled, profileTables } from "./profile.ts";
import { openRaw } from "./raw.ts";
import type { RoundEnd } from "./round.ts";
import type { Stage } from "./stage.ts";

const DEVICES = 10;
/** More than a feed looks ahead. */
const CONTACTS = 25;

/** Warm sends on ten devices under V8's profiler, bare Baileys and then Pombo's worker: where their time goes. */
export async function profileDispatch(
  stage: Stage,
  options: Options,
  say: (line: string) => void,
): Promise<void> {
  say(`profile: pairing ${DEVICES} and ${DEVICES} devices`);
  await using raw = await openRaw(stage, { pair: DEVICES });
  await using pombo = await openPombo(stage, "c9" as CellId);
  await pombo.startWorker();
  await pombo.pair(DEVICES);
  const numbers = { first: stage.takeNumbers(DEVICES * CONTACTS), perDevice: CONTACTS };
  const warmUp = { devices: DEVICES, perDevice: CONTACTS, numbers };
  const round = { ...warmUp, perDevice: Math.ceil((options.messages * 10) / DEVICES) };
  await raw.round(warmUp);
  await pombo.round(warmUp);
  say("profile: bare Baileys");
  const ofRaw = await profiled(stage, raw.program, () => raw.round(round), messagesOf);
  say("profile: the worker");
  const ofPombo = await profiled(stage, pombo.worker(), () => pombo.round(round), messagesOf);
  process.stdout.write(profileTables("a warm dispatch", ofRaw, ofPombo));
}

function messagesOf({ messages }: RoundEnd): number {
  return messages;
}
