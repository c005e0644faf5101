import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { scanQr } from "./pair-devices.ts";
import { Pombo, QUICK } from "./pombo.ts";
import { hasPseudoTerminals, NEEDS_SCRIPT, openPseudoTerminal } from "./pseudo-terminal.ts";
import { type Ended, startCli } from "./run-cli.ts";

let pombo: Pombo;
let elsewhere: string;

beforeAll(async () => {
  elsewhere = await mkdtemp(join(tmpdir(), "pombo-operator-"));
  pombo = await Pombo.start({ env: QUICK });
});
afterAll(async () => {
  await pombo[Symbol.asyncDispose]();
  await rm(elsewhere, { recursive: true, force: true });
});

/** As a script calls it: without a terminal. */
function cli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return startCli(args, { cwd: elsewhere, env }).ended;
}

function here(): readonly string[] {
  return ["--data", pombo.data];
}

function byUrl(): Readonly<Record<string, string>> {
  return { POMBO_URL: pombo.ready.api_url, POMBO_API_KEY: pombo.ready.api_key };
}

/** A message that fails for good, so that there is a letter. */
async function failedMessage(to: string): Promise<string> {
  await pombo.fault("message", { nack: 400 }, { match: { to }, times: 1 });
  const id = await pombo.send(to, "a letter");
  await pombo.until(id, ({ status }) => status === "failed");
  return id;
}

describe("pombo send", () => {
  test("sends and tells the outcome, whichever way the Pombo is named", async () => {
    const words = ["send", "--to", "+55 11 90000-1001", "--text", "hello"];
    const local = await cli([...words, ...here()]);
    expect(local).toMatchObject({ code: 0, err: "" });
    expect(local.out).toMatch(/^(sent|delivered|read) {2}3EB0[0-9A-F]{18} {2}to 5511900001001@/);
    const remote = await cli([...words, "--from", pombo.ready.device_id, "--json"], byUrl());
    expect(remote.code).toBe(0);
    const { message_id: id } = JSON.parse(remote.out) as { message_id: string };
    const got = await pombo.phoneMessages("5511900001001");
    expect(got).toContainEqual(expect.objectContaining({ id, text: "hello", copies: 1 }));
  });

  test("says why a message failed, and that it waits when it does", async () => {
    const to = "5511900001002";
    await pombo.fault("message", { nack: 400 }, { match: { to }, times: 1 });
    const failed = await cli(["send", "--to", to, "--text", "x", ...here()]);
    expect(failed.code).toBe(1);
    expect(failed.out).toMatch(/^failed {2}3EB0[0-9A-F]{18}\n {2}SEND_REJECTED: /);
    const later = ["--send-at", new Date(Date.now() + 3_600_000).toISOString()];
    const waits = await cli([
      "send",
      "--to",
      to,
      "--text",
      "x",
      "--wait",
      "0",
      ...later,
      ...here(),
    ]);
    expect(waits).toMatchObject({
      code: 5,
      out: expect.stringMatching(/^scheduled {2}/) as string,
    });
  });

  test("the same idempotency key is the same message", async () => {
    const words = ["send", "--to", "5511900001003", "--text", "once", "--idempotency-key", "k-1"];
    const first = await cli([...words, "--json", ...here()]);
    const second = await cli([...words, "--json", ...here()]);
    const idOf = ({ out }: Ended) => (JSON.parse(out) as { message_id: string }).message_id;
    expect(idOf(second)).toBe(idOf(first));
  });

  test.each([
    [["send", "--text", "x"], 2, /--to is needed/],
    [["send", "--to", "1", "--text", "x", "--wait", "61"], 2, /--wait takes a whole number/],
    [["send", "--to", "1", "--txt", "x"], 2, /did you mean --text\?/],
    [["send", "--to", "12", "--text", "x"], 3, /VALIDATION_ERROR[^]*to must be a phone number/],
    [["send", "--from", "dev_x", "--to", "5511900001004", "--text", "x"], 3, /DEVICE_NOT_FOUND/],
    [["sned"], 2, /Did you mean "send"\?/],
    [["devices"], 2, /devices list, devices pair/],
  ])("%j ends with %i", async (args, code, says) => {
    const ended = await cli(args, byUrl());
    expect({ code: ended.code, out: ended.out }).toEqual({ code, out: "" });
    expect(ended.err).toMatch(says);
  });

  test("a Pombo that is away, a wrong key and a missing one are told apart", async () => {
    const key = "pombo_c0_wrong";
    const words = ["devices", "list", "--url"];
    const away = await cli([...words, "http://127.0.0.1:59999", "--key", key]);
    expect(away).toMatchObject({ code: 4, out: "" });
    expect(away.err).toMatch(/can't be reached: connect ECONNREFUSED/);
    const wrong = await cli([...words, pombo.ready.api_url, "--key", key]);
    expect(wrong).toMatchObject({ code: 3, out: "" });
    expect(wrong.err).toMatch(/INVALID_API_KEY/);
    expect(wrong.err).not.toContain(key);
    const none = await cli([...words, pombo.ready.api_url]);
    expect(none).toMatchObject({ code: 2, out: "" });
    expect(none.err).toMatch(/There is no API key/);
  });
});

describe("pombo devices", () => {
  test("lists them", async () => {
    const { out, code } = await cli(["devices", "list"], byUrl());
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^DEVICE[^]*\\n${pombo.ready.device_id} +sandbox +connected`));
  });

  test.skipIf(!hasPseudoTerminals)(
    `a phone scans the code in the terminal, which is gone afterwards ${NEEDS_SCRIPT}`,
    async () => {
      await using terminal = await openPseudoTerminal(
        ["devices", "pair", "--name", "by qr", ...here()],
        { columns: 90, rows: 50 },
      );
      await terminal.until(/▄[^]*Scan it with the phone/);
      await terminal.resize(30, 50);
      await terminal.until(/needs \d+ columns, and\s+this terminal has 30/);
      await terminal.resize(90, 50);
      await terminal.until(/▄[^]*Scan it with the phone/);
      const id = await deviceNamed("by qr");
      await scanQr(pombo, { id, phone: "5511900002001" });
      const last = await terminal.until(/connected {2}dev_/);
      expect(last).not.toContain("▄");
      expect(await terminal.ended).toBe(0);
      expect((await pombo.device(id)).state).toBe("connected");
    },
  );

  test.skipIf(!hasPseudoTerminals)(
    `Ctrl-C leaves the device, and the pairing can go on ${NEEDS_SCRIPT}`,
    async () => {
      await using terminal = await openPseudoTerminal([
        "devices",
        "pair",
        "--name",
        "left",
        ...here(),
      ]);
      await terminal.until(/Scan it with the phone/);
      terminal.type("\u0003");
      const id = await deviceNamed("left");
      await terminal.until(new RegExp(`Interrupted[^]*--device\\s+${id}`));
      expect(await terminal.ended).toBe(130);
      const again = cli(["devices", "pair", "--device", id, "--json", ...here()]);
      await scanQr(pombo, { id, phone: "5511900002002" });
      const { code, out } = await again;
      expect(code).toBe(0);
      expect(out).toContain('"state":"connected"');
    },
  );

  test.skipIf(!hasPseudoTerminals)(
    `pairs by a code that is typed on the phone ${NEEDS_SCRIPT}`,
    async () => {
      const phone = "5511900002003";
      const words = ["devices", "pair", "--name", "by code", "--code", `+${phone}`, ...here()];
      await using terminal = await openPseudoTerminal(words);
      const shown = await terminal.until(/[A-Z0-9]{4}-[A-Z0-9]{4}[^]*Waiting for the phone/);
      const code = /([A-Z0-9]{4})-([A-Z0-9]{4})/.exec(shown)?.slice(1, 3).join("");
      await pombo.control("POST", "/admin/mock-phone/enter-code", { phone, code });
      expect(await terminal.until(/connected {2}dev_[0-9a-f]{16} {2}5511900002003/)).not.toMatch(
        /Waiting/,
      );
      expect(await terminal.ended).toBe(0);
    },
  );
});

describe("pombo dead-letters", () => {
  test("lists, groups and shows them, and sends one again with another text", async () => {
    const to = "5511900003001";
    const id = await failedMessage(to);
    const list = await cli(["dead-letters", "list", "--code", "send_rejected", ...here()]);
    expect(list).toMatchObject({ code: 0 });
    expect(list.out).toMatch(new RegExp(`\\n${id} .* SEND_REJECTED +${pombo.ready.device_id}`));
    const groups = await cli(["dead-letters", "groups", ...here()]);
    expect(groups.out).toMatch(/SEND_REJECTED +\d+/);
    const ofBatch = ["dead-letters", "list", "--batch", "bat_0A1B2C3D4E5", ...here()];
    expect(await cli(ofBatch)).toMatchObject({ code: 0, out: "", err: "There is none.\n" });
    const shown = await cli(["dead-letters", "show", id, ...here()]);
    expect(shown.out).toMatch(/text +a letter[^]*1 .* failed +SEND_REJECTED[^]*It did not leave/);
    const again = await cli(["dead-letters", "redrive", id, "--text", "better", ...here()]);
    expect(again).toMatchObject({ code: 0, out: `queued  ${id}\n` });
    await pombo.until(id, ({ status }) => ["sent", "delivered", "read"].includes(status));
    expect(await pombo.phoneMessages(to)).toContainEqual(
      expect.objectContaining({ id, text: "better" }),
    );
  });

  test("nobody is asked without a terminal: --yes has to be said", async () => {
    const id = await failedMessage("5511900003002");
    const filter = ["--code", "SEND_REJECTED", ...here()];
    const asked = await cli(["dead-letters", "redrive", ...filter]);
    expect(asked).toMatchObject({ code: 6, out: "" });
    expect(asked.err).toMatch(/Send \d+ dead letters again\?[^]*say --yes/);
    expect((await pombo.message(id)).status).toBe("failed");
    const meant = await cli(["dead-letters", "redrive", ...filter, "--yes"]);
    expect(meant).toMatchObject({ code: 0 });
    expect(meant.out).toMatch(/^sent again \d+, refused 0\n$/);
    await pombo.until(id, ({ status }) => ["sent", "delivered", "read"].includes(status));
    const every = await cli(["dead-letters", "discard", "--yes", ...here()]);
    expect(every).toMatchObject({ code: 2 });
  });

  test.skipIf(!hasPseudoTerminals)(
    `discarding many takes their number ${NEEDS_SCRIPT}`,
    async () => {
      const ids = [await failedMessage("5511900003003"), await failedMessage("5511900003004")];
      const words = ["dead-letters", "discard", "--code", "SEND_REJECTED", ...here()];
      await using refused = await openPseudoTerminal(words);
      await refused.until(/This discards 2 dead letters for good. Type 2 to mean it:/);
      refused.type("y\r");
      await refused.until(/Nothing was done/);
      expect(await refused.ended).toBe(6);
      await using agreed = await openPseudoTerminal(words);
      await agreed.until(/Type 2 to mean it:/);
      agreed.type("2\r");
      await agreed.until(/discarded 2, refused 0/);
      expect(await agreed.ended).toBe(0);
      for (const id of ids) {
        const letter = await pombo.api("GET", `/v1/dead-letters/${id}`);
        expect(letter.status).toBe(404);
      }
    },
  );
});

describe("pombo doctor", () => {
  test("finds nothing wrong with what npm start made", async () => {
    const { code, out } = await cli(["doctor", ...here()]);
    expect(out).toMatch(/✓ redis:[^]*✓ credentials key: it opens[^]*✓ workers: 1 alive/);
    expect(out).toMatch(/\nNothing is wrong/);
    expect(code).toBe(0);
    expect(out).not.toContain(pombo.ready.api_key);
    expect(out).not.toContain(new URL(pombo.ready.redis_url).password);
  });

  test("tells when the last worker is gone, and when the key is bad", async () => {
    const env = { ...QUICK, POMBO_WORKER_TTL_MS: "1000" };
    await using other = await Pombo.start({ env, args: ["--no-restart"] });
    for (const pid of other.ready.pids.worker) process.kill(pid, "SIGKILL");
    const words = ["doctor", "--data", other.data];
    const ended = await eventually(
      () => cli(words),
      ({ code }) => code !== 0,
    );
    expect(ended.code).toBe(1);
    expect(ended.out).toMatch(/✗ workers: none is alive[^]*→ start one[^]*\n1 problem/);
    const bad = await cli([...words, "--key", "pombo_c0_bad"]);
    expect(bad.out).toMatch(/✗ api key: it is unknown, revoked or expired\n {4}→ make one/);
    expect(bad.code).toBe(1);
  });
});

async function deviceNamed(name: string): Promise<string> {
  const { body } = await pombo.api<{ devices: { device_id: string; name: string }[] }>(
    "GET",
    "/v1/devices?limit=1000",
  );
  return body.devices.find((device) => device.name === name)?.device_id ?? "";
}
