import { join } from "node:path";
import { metered } from "./meter.ts";
import { type Program, startProgram } from "./program.ts";
import type { RawPaced, RawPacedEnd, RawRound, RawRoundEnd } from "./raw-client.ts";
import type { Round, RoundEnd } from "./round.ts";
import type { Stage } from "./stage.ts";

/** Bare Baileys in a process of its own. */
export interface Raw extends AsyncDisposable {
  readonly program: Program;
  /** Pairs new devices. */
  pair(count: number): Promise<void>;
  round(round: Round): Promise<RoundEnd>;
  paced(paced: RawPaced): Promise<RawPacedEnd>;
  /** Keeps the credentials in a file, for `openRaw` to log in with. */
  save(): Promise<string>;
}

/** @param start how many devices to pair, or a file of credentials to log in with */
export async function openRaw(
  stage: Stage,
  start: { readonly pair: number } | { readonly login: string } | { readonly empty: true },
): Promise<Raw> {
  const program = await startProgram({
    name: "raw",
    file: "bench/raw-client.ts",
    logFolder: stage.folder,
  });
  const { url, rootKey, controlUrl } = stage.simulator;
  await program.ask("server", { url, rootKey, controlUrl });
  const pair = async (count: number): Promise<void> => {
    await program.ask("pair", { count, firstPhone: stage.takeNumbers(count) });
  };
  if ("pair" in start) await pair(start.pair);
  if ("login" in start) await program.ask("login", start.login);
  return {
    program,
    pair,
    async round(round) {
      const programs = { client: program, simulator: stage.simulator };
      const cost = await metered({ redis: stage.redis, programs }, () =>
        program.ask<RawRoundEnd>("round", round satisfies RawRound),
      );
      const messages = round.devices * round.perDevice;
      if (cost.result.refused > 0)
        throw new Error(`the simulator refused ${cost.result.refused} messages`);
      return {
        ...cost,
        messages,
        perSecond: ((messages - 1) / cost.result.ackedMs) * 1_000,
        latencies: cost.result.latencies,
        read: cost.result.read,
      };
    },
    paced: (paced) => program.ask<RawPacedEnd>("paced", paced),
    async save() {
      const file = join(stage.folder, "raw-credentials.json");
      await program.ask("save", file);
      return file;
    },
    async [Symbol.asyncDispose]() {
      await program.ask("close").catch(() => undefined);
      await program[Symbol.asyncDispose]();
    },
  };
}
