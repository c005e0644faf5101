import { expect, test } from "vitest";

import { parseOptions } from "./options.ts";

const KEY = Buffer.alloc(32, 1).toString("base64");

test("without words everything has its default", () => {
  expect(parseOptions([])).toEqual({
    kind: "options",
    options: { data: "data", workers: 1, apis: 1, whatsapp: { kind: "sandbox" }, restart: true },
  });
});

test("every option is understood", () => {
  const words = "--port 4000 --data d --workers 2 --apis 3 --ready-file r.json --no-restart";
  expect(parseOptions(words.split(" "))).toMatchObject({
    options: { port: 4000, data: "d", workers: 2, apis: 3, readyFile: "r.json", restart: false },
  });
});

test("the real WhatsApp has a folder of its own", () => {
  const live = { data: "data/live", whatsapp: { kind: "live" } };
  expect(parseOptions(["--live"])).toMatchObject({ options: live });
  expect(parseOptions(["--live", "--data", "d"])).toMatchObject({ options: { data: "d" } });
});

test("another server is a url, a root key and perhaps a certificate", () => {
  const words = ["--whatsapp-url", "wss://h:1/ws", "--whatsapp-root-key", KEY];
  const whatsapp = { kind: "other", url: "wss://h:1/ws", rootKey: KEY };
  expect(parseOptions(words)).toMatchObject({ options: { whatsapp } });
  expect(parseOptions([...words, "--whatsapp-ca", "/ca.pem"])).toMatchObject({
    options: { whatsapp: { ...whatsapp, ca: "/ca.pem" } },
  });
});

test.each([
  [["--porт", "1"], /Unknown option '--porт'/],
  [["extra"], /extra/],
  [["--port", "70000"], /--port takes a number from 0 to 65535/],
  [["--port", "3e3"], /--port/],
  [["--port"], /--port/],
  [["--workers", "0"], /--workers takes a number from 1 to 64/],
  [["--apis", "-1"], /--apis/],
  [["--live", "--whatsapp-url", "ws://h", "--whatsapp-root-key", KEY], /exclude/],
  [["--whatsapp-url", "ws://h"], /--whatsapp-root-key takes/],
  [["--whatsapp-root-key", KEY], /--whatsapp-url takes/],
  [["--whatsapp-url", "http://h", "--whatsapp-root-key", KEY], /--whatsapp-url takes/],
  [["--whatsapp-ca", "ca.pem"], /--whatsapp-url takes/],
])("%j is refused by name", (words, says) => {
  const parsed = parseOptions(words);
  expect(parsed.kind).toBe("refused");
  expect(parsed.kind === "refused" ? parsed.says : "").toMatch(says);
});

test("help is asked for by -h and --help", () => {
  expect(parseOptions(["--help"]).kind).toBe("help");
  expect(parseOptions(["-h", "--port", "1"]).kind).toBe("help");
});
