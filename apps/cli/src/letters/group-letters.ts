import { command, REMOTE, REMOTE_HELP } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { connectPombo } from "../command/find-pombo.ts";
import { table } from "../terminal/table.ts";

export const GROUP_LETTERS = command({
  name: "dead-letters groups",
  says: "Counts the dead letters by code, by device and by batch.",
  takes: "[options]",
  help: REMOTE_HELP,
  options: REMOTE,
  async run({ values }, { environment, terminal, interrupts }) {
    const { pombo } = await connectPombo(values, environment);
    const groups = await pombo.groupLetters({}, { signal: interrupts.signal });
    if (values.json) {
      terminal.print(JSON.stringify(groups));
      return EXIT.done;
    }
    if (groups.partial)
      terminal.tell(`Of ${groups.total} letters the newest ${groups.scanned} were counted.`);
    if (groups.total === 0) terminal.tell("There is none.");
    else {
      const byCode = groups.by_code.map((group) => [group.error_code, ...cells(group)]);
      const byDevice = groups.by_device.map((group) => [group.device_id, ...cells(group)]);
      const byBatch = groups.by_batch.map((group) => [group.batch_id, ...cells(group)]);
      terminal.print(table(["CODE", ...HEADS], byCode));
      terminal.print(`\n${table(["DEVICE", ...HEADS], byDevice)}`);
      if (byBatch.length > 0) terminal.print(`\n${table(["BATCH", ...HEADS], byBatch)}`);
    }
    return EXIT.done;
  },
});

const HEADS = ["LETTERS", "OLDEST", "NEWEST"];

interface Group {
  readonly count: number;
  readonly oldest: string;
  readonly newest: string;
}

function cells({ count, oldest, newest }: Group): string[] {
  return [String(count), oldest, newest];
}
