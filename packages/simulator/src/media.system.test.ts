import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { downloadMediaMessage } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pnJid } from "./jid.ts";
import { openSimulator, type Simulator } from "./simulator.ts";
import { pairedClient, type TestClient } from "./test-client.ts";

/** Media of an unmodified Baileys socket, through the simulator's own HTTPS host. */
const alice = "15550010001";
const carol = "15550010002";
const carolJid = pnJid(carol);
const jpeg = Buffer.concat([Buffer.from("ffd8ffe0", "hex"), randomBytes(5_000)]);

let simulator: Simulator;
let a: TestClient;
const trusted = getCACertificates("default");

beforeAll(async () => {
  simulator = await openSimulator();
  // Baileys downloads with the global fetch.
  setDefaultCACertificates([...trusted, simulator.ca]);
  a = await pairedClient(simulator, alice);
});

afterAll(async () => {
  setDefaultCACertificates(trusted);
  await a[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

async function bytesAt(phone: string, id: string): Promise<{ type: string | null; bytes: Buffer }> {
  const answer = await fetch(`${simulator.controlUrl}/admin/phones/${phone}/messages/${id}/media`);
  expect(answer.status).toBe(200);
  return {
    type: answer.headers.get("content-type"),
    bytes: Buffer.from(await answer.arrayBuffer()),
  };
}

describe("a companion sends", () => {
  test.each([
    ["image", { image: jpeg, caption: "a photo", jpegThumbnail: "AAAA" }, "image/jpeg"],
    ["video", { video: randomBytes(9_000), caption: "a film", jpegThumbnail: "AAAA" }, "video/mp4"],
    [
      "audio",
      {
        audio: randomBytes(700),
        ptt: true,
        seconds: 3,
        waveform: new Uint8Array(64),
        mimetype: "audio/ogg",
      },
      "audio/ogg",
    ],
    [
      "document",
      { document: randomBytes(33), fileName: "a.pdf", mimetype: "application/pdf" },
      "application/pdf",
    ],
    ["sticker", { sticker: randomBytes(48) }, "image/webp"],
  ] as const)("%s: the phone decrypts and serves the very bytes", async (kind, content, type) => {
    const id = `3EB0${randomBytes(9).toString("hex").toUpperCase()}`;
    await a.sock.sendMessage(carolJid, content, { messageId: id });
    await a.stanza(({ tag, attrs }) => tag === "receipt" && attrs["id"] === id);
    const sent = (content as unknown as Record<string, Buffer>)[kind];
    const shown = simulator.messagesOf(carol).find((message) => message.id === id);
    expect(shown).toMatchObject({
      type: kind,
      text: "caption" in content ? content.caption : "",
      media: { kind, mime_type: type, size: sent?.length },
    });
    const got = await bytesAt(carol, id);
    expect(got.type).toBe(type);
    expect(got.bytes.equals(sent ?? Buffer.alloc(0))).toBe(true);
  });

  test("a video of 50 MB arrives whole", async () => {
    const dir = mkdtempSync(join(tmpdir(), "simulator-video-"));
    const path = join(dir, "long.mp4");
    const bytes = Buffer.alloc(50 * 1024 * 1024, randomBytes(1_021));
    writeFileSync(path, bytes);
    const id = "3EB0AAAAAAAAAAAAAAAA50";
    await using big = await pairedClient(simulator, "15550010009");
    await big.sock.sendMessage(
      carolJid,
      { video: { url: path }, jpegThumbnail: "AAAA" },
      { messageId: id },
    );
    rmSync(dir, { recursive: true });
    await simulator.waitFor((entry) => entry.kind === "shown" && entry.id === id);
    const got = await bytesAt(carol, id);
    expect(createHash("sha256").update(got.bytes).digest("hex")).toBe(
      createHash("sha256").update(bytes).digest("hex"),
    );
  }, 60_000);
});

describe("a phone sends", () => {
  test("an image that the companion downloads and decrypts", async () => {
    const { id } = await simulator.sendFrom(carol, {
      to: alice,
      image: { base64: jpeg.toString("base64"), caption: "back" },
    });
    const message = await a.message(id);
    expect(message.message?.imageMessage?.caption).toBe("back");
    expect(jpeg.equals(await downloadMediaMessage(message, "buffer", {}))).toBe(true);
    expect((await bytesAt(alice, id)).bytes.equals(jpeg)).toBe(true);
  });

  test("made-up bytes of a given size, over HTTP", async () => {
    const answer = await fetch(`${simulator.controlUrl}/admin/phones/${carol}/messages`, {
      method: "POST",
      body: JSON.stringify({ to: alice, document: { size: 1_000_000, file_name: "big.bin" } }),
    });
    const { id } = (await answer.json()) as { id: string };
    const message = await a.message(id);
    expect(message.message?.documentMessage?.fileName).toBe("big.bin");
    expect(await downloadMediaMessage(message, "buffer", {})).toHaveLength(1_000_000);
  });
});

describe("faults", () => {
  // Without its own limit of time Baileys waits for ever for the host's answer.
  const send = () =>
    a.sock.sendMessage(
      carolJid,
      { image: jpeg, jpegThumbnail: "AAAA" },
      { mediaUploadTimeoutMs: 1_000 },
    );

  test.each([{ http_status: 507 }, { http_status: 403 }, "garbage", "close", "drop"])(
    "an upload that meets %j fails",
    async (action) => {
      simulator.addFault({ on: "media", match: { device: alice }, action });
      await expect(send()).rejects.toThrow("Media upload failed on all hosts");
      expect(simulator.faults()).toEqual([]);
    },
  );

  test("a slow upload succeeds", async () => {
    simulator.addFault({ on: "media", match: {}, action: { delay_ms: 100 } });
    const sent = await send();
    expect(sent?.message?.imageMessage?.url).toContain(simulator.mediaUrl);
  });

  test("an upload without our token, or with other bytes than it names, is refused", async () => {
    const token = "A".repeat(43);
    const stranger = await fetch(`${simulator.mediaUrl}/mms/image/${token}?auth=no`, {
      method: "POST",
      body: jpeg,
    });
    expect(stranger.status).toBe(401);
    const sent = await send();
    expect(sent?.message?.imageMessage?.directPath).not.toContain(token);
  });
});
