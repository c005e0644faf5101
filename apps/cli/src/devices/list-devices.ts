import type { Output, Pombo } from "@pombo/sdk";
import { command, REMOTE, REMOTE_HELP } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { connectPombo } from "../command/find-pombo.ts";
import { oneLine, table } from "../terminal/table.ts";

type Device = Output<"listDevices">["devices"][number];

const PAGE = 1_000;

export const LIST_DEVICES = command({
  name: "devices list",
  says: "Lists the devices that the key may see, with their state and its cause.",
  takes: "[options]",
  help: REMOTE_HELP,
  options: REMOTE,
  async run({ values }, { environment, terminal, interrupts }) {
    const { pombo } = await connectPombo(values, environment);
    const devices = await allDevices(pombo, interrupts.signal);
    if (values.json) for (const device of devices) terminal.print(JSON.stringify(device));
    else if (devices.length === 0)
      terminal.tell("There is no device: pombo devices pair makes one.");
    else terminal.print(table(HEADS, devices.map(cells)));
    return EXIT.done;
  },
});

const HEADS = ["DEVICE", "NAME", "STATE", "CAUSE", "NUMBER", "LAST SEEN"];

function cells(device: Device): string[] {
  const { device_id: id, name, state, cause, phone_number: phone, last_seen: seen } = device;
  return [id, oneLine(name), state, cause ?? "", phone ?? "", seen ?? ""];
}

async function allDevices(pombo: Pombo, signal: AbortSignal): Promise<readonly Device[]> {
  const devices: Device[] = [];
  let cursor: string | undefined;
  do {
    // oxlint-disable-next-line no-await-in-loop -- each page names the next one
    const page = await pombo.listDevices(
      { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) },
      { signal },
    );
    devices.push(...page.devices);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return devices;
}
