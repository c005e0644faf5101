import { type SettingName, SETTINGS, VARIABLES } from "@pombo/domain";

/** The first setting of each part of the table. */
const PARTS: Readonly<Partial<Record<SettingName, string>>> = {
  body_limit_bytes: "Requests",
  batch_upload_ms: "Batches",
  image_limit_bytes: "Media",
  opt_out_spares_otp: "People who want nothing",
  settled_kept_ms: "Keeping",
  event_look_ms: "Live events",
  overview_bucket_ms: "The overview",
  lease_ttl_ms: "Ownership of devices",
  window_size: "Lanes",
  ack_wait_ms: "Sending",
  webhook_timeout_ms: "Webhooks",
  media_download_ms: "Received files, and history",
  open_timeout_ms: "The connection to WhatsApp",
};

const READERS = {
  "every process": "Every process",
  "the API": "The API",
  workers: "Workers",
  "the notifier": "Notifiers",
  media: "Media: the API and workers",
  metrics: "Metrics of workers and notifiers",
  "the command line": "The command line",
  "the compose file": "`docker-compose.yml`",
  tests: "Tests of Pombo",
} as const;

/** `docs/settings.md`, from the tables that the processes read. */
export function renderSettings(): string {
  return `${[
    "# Settings",
    "",
    "Everything that can be set, made from the tables that the processes read. Settings are environment variables; a process reads them when it starts, and refuses a value that",
    "makes no sense by name. [`pombo doctor`](cli.md#is-the-configuration-right) finds names with a slip in them, and values that contradict each other. `GET /v1/limits` tells the limits and times in",
    "force. What is marked as secret is never logged and belongs into a secret store: see [security](security.md).",
    "",
    "## Variables",
    "",
    ...Object.entries(READERS).flatMap(variablesOf),
    "## Limits and times",
    "",
    "Whole numbers. Give all processes of an installation the same ones: a lease, for example, is renewed by one worker and judged by another.",
    "",
    ...parts().flatMap(([title, names]) => [
      `### ${title}`,
      "",
      ...table(["variable", "default", "says"], names.map(settingRow)),
      "",
    ]),
  ]
    .join("\n")
    .trimEnd()}\n`;
}

function variablesOf([of, title]: readonly [string, string]): readonly string[] {
  const rows = Object.entries<Variable>(VARIABLES)
    .filter(([, variable]) => variable.of === of)
    .map(([name, { says, absent = "", secret }]) => [
      `\`${name}\``,
      absent,
      secret === true ? `${says} (secret)` : says,
    ]);
  return [`### ${title}`, "", ...table(["variable", "without it", "says"], rows), ""];
}

interface Variable {
  readonly of: keyof typeof READERS;
  readonly says: string;
  readonly absent?: string;
  readonly secret?: true;
}

/** Settings in their order, each under the last title before it. */
function parts(): readonly (readonly [title: string, names: readonly SettingName[]])[] {
  const all: [string, SettingName[]][] = [];
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const title = PARTS[name];
    if (title !== undefined) all.push([title, []]);
    all.at(-1)?.[1].push(name);
  }
  return all;
}

function settingRow(name: SettingName): readonly string[] {
  const { value, says } = SETTINGS[name];
  const plain = inWords(name, value);
  const shown = plain === undefined ? String(value) : `${value} (${plain})`;
  return [`\`POMBO_${name.toUpperCase()}\``, shown, says];
}

const TIMES = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
] as const;
const SIZES = [
  [1_073_741_824, "GiB"],
  [1_048_576, "MiB"],
  [1_024, "KiB"],
] as const;

/** In the largest unit that leaves no fraction of more than one digit. */
function inWords(name: SettingName, value: number): string | undefined {
  const units = name.endsWith("_ms") ? TIMES : name.endsWith("_bytes") ? SIZES : [];
  const found = units.find(([size]) => value >= size && Number.isInteger((value * 10) / size));
  return found === undefined ? undefined : `${value / found[0]} ${found[1]}`;
}

/** Padded, as the formatter wants it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}
