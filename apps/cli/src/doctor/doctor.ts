import { isCellId } from "@pombo/domain";
import { cellKeys, type Keys } from "@pombo/redis";
import { command, REMOTE_HELP, REMOTE, wholeOption } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { examineApi } from "./examine-api.ts";
import { examineSeals, readCredentialKeys, soundKey } from "./examine-credentials.ts";
import { examineDataFolder, secrets } from "./examine-data-folder.ts";
import { examineEnvironment, soundSettings } from "./examine-environment.ts";
import { examineFleet, examineNotifier } from "./examine-fleet.ts";
import { examineMedia } from "./examine-media.ts";
import { examineNode } from "./examine-node.ts";
import { examinePort } from "./examine-port.ts";
import { examineRedis } from "./examine-redis.ts";
import { examineSchema } from "./examine-schema.ts";
import { type Finding, problem, reasonOf, unseen } from "./finding.ts";
import { type Patient, readPatient } from "./patient.ts";
import { type OpenedRedis, tryRedis } from "./redis-facts.ts";

const NAME = "doctor";
const PATIENCE_MS = 15_000;

export const DOCTOR = command({
  name: NAME,
  says: "Looks at the configuration of a Pombo, and explains what is wrong and what to do.",
  takes: "[options]",
  help: `  --env-file FILE           variables as a service has them, in place of those of this shell
  --port N                  the port that the API is to have (POMBO_PORT)
${REMOTE_HELP}

It looks at this machine (Node, the environment, the data folder, the port), at Redis, the credentials key and the media store,
and at the API with its workers; what it can't see it says. It changes nothing. Ends with 1 when something is wrong.`,
  options: { ...REMOTE, "env-file": { type: "string" }, port: { type: "string" } },
  async run({ values }, { environment, folder, terminal }) {
    if (values.port !== undefined) wholeOption(NAME, ["--port", values.port], [0, 65_535]);
    const patient = await readPatient(values, environment, folder);
    const all: Finding[] = [];
    for await (const findings of examine(patient)) {
      all.push(...findings);
      if (!values.json) for (const finding of findings) tell(finding, terminal);
    }
    const problems = all.filter(({ level }) => level === "problem").length;
    const warnings = all.filter(({ level }) => level === "warning").length;
    if (values.json) terminal.print(JSON.stringify({ problems, warnings, findings: all }));
    else terminal.print(`\n${verdict(problems, warnings)}`);
    return problems === 0 ? EXIT.done : EXIT.failed;
  },
});

const MARKS = {
  well: ["✓", "green"],
  problem: ["✗", "red"],
  warning: ["!", "yellow"],
  unseen: ["–", "gray"],
} as const;

function tell({ level, says, remedy }: Finding, terminal: Terminal): void {
  const [mark, color] = MARKS[level];
  terminal.print(`${terminal.paint(color, mark)} ${says}`);
  if (remedy !== undefined) terminal.print(`    → ${remedy}`);
}

function verdict(problems: number, warnings: number): string {
  const also = warnings === 0 ? "" : `, ${warnings} ${warnings === 1 ? "warning" : "warnings"}`;
  if (problems === 0) return `Nothing is wrong${also}.`;
  return `${problems} ${problems === 1 ? "problem" : "problems"}${also}.`;
}

/** One thing after the other, so that what hangs is seen to hang. */
async function* examine(patient: Patient): AsyncGenerator<readonly Finding[]> {
  const { environment, data, redisUrl, url, apiKey: key } = patient;
  yield patient.findings;
  yield await safely("node", () => examineNode(environment));
  yield examineEnvironment(environment);
  if (data !== undefined) yield await safely("data folder", () => examineDataFolder(data.path));
  yield* examineStore(patient);
  if (patient.port !== undefined) {
    const { port } = patient;
    const host = environment["POMBO_HOST"] ?? "127.0.0.1";
    yield await safely("port", () => examinePort(host, port));
  }
  if (url !== undefined) yield await safely("api", () => examineApi({ url, key }));
  else if (redisUrl === undefined) yield [nothingRuns(data !== undefined)];
}

function nothingRuns(hasData: boolean): Finding {
  return hasData
    ? unseen("api: npm start does not run on the data folder", "start it, and look again")
    : unseen("api: nobody said which", "say --url and --key, or --data of a local one");
}

/** What hangs, or breaks, is a finding of its own. */
async function safely(
  subject: string,
  look: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  const late = Promise.withResolvers<readonly Finding[]>();
  const timer = setTimeout(() => {
    const says = `${subject}: no answer within ${PATIENCE_MS / 1_000} s`;
    late.resolve([problem(says, "look at the network between here and there")]);
  }, PATIENCE_MS);
  try {
    return await Promise.race([look(), late.promise]);
  } catch (error) {
    const reason = reasonOf(error);
    return [problem(`${subject}: the look at it failed: ${reason}`, remedyOf(reason))];
  } finally {
    clearTimeout(timer);
  }
}

function remedyOf(reason: string): string {
  return reason.startsWith("NOPERM")
    ? "give the user in POMBO_REDIS_URL all commands, keys and channels: ACL SETUSER … +@all ~* &*"
    : "see the message";
}

/** Redis, and what can only be seen through it; the credentials key and the media store. */
async function* examineStore(patient: Patient): AsyncGenerator<readonly Finding[]> {
  const { environment, data, redisUrl } = patient;
  if (data === undefined && environment["POMBO_REDIS_URL"] === undefined) {
    yield [
      unseen("redis, credentials key, media: not of this machine, or POMBO_REDIS_URL is missing"),
    ];
    return;
  }
  await using stack = new AsyncDisposableStack();
  const redis = redisUrl === undefined ? undefined : await tryRedis(redisUrl);
  if (redis?.kind === "open") stack.use(redis.handle);
  yield await examineGivenRedis(redisUrl, redis);
  const store = storeOf(environment["POMBO_CELL"] ?? "c0", redis);
  if (store !== undefined) yield await safely("data", () => examineSchema(store));
  yield await safely("credentials key", () => examineCredentials(patient, store));
  const folder = data === undefined ? {} : { POMBO_MEDIA_FOLDER: `${data.path}/media` };
  const settings = soundSettings(environment);
  yield await safely("media", () => examineMedia({ ...folder, ...environment }, settings));
  if (store !== undefined) yield* examineProcesses(patient, store);
}

async function examineGivenRedis(
  url: string | undefined,
  redis: OpenedRedis | undefined,
): Promise<readonly Finding[]> {
  if (url === undefined || redis === undefined)
    return [
      unseen("redis: it runs with npm start, and that does not run", "start it, and look again"),
    ];
  return await safely("redis", () => examineRedis(url, redis));
}

/** Of the workers an API tells, where there is one. */
async function* examineProcesses(
  { environment, url }: Patient,
  store: Store,
): AsyncGenerator<readonly Finding[]> {
  const settings = soundSettings(environment);
  if (url === undefined) yield await safely("workers", () => examineFleet({ ...store, settings }));
  yield await safely("notifier", () => examineNotifier(store));
}

type Store = { readonly keys: Keys } & Pick<
  Extract<OpenedRedis, { kind: "open" }>["handle"],
  "client"
>;

function storeOf(cell: string, redis: OpenedRedis | undefined): Store | undefined {
  if (redis?.kind !== "open" || !isCellId(cell)) return undefined;
  return { client: redis.handle.client, keys: cellKeys(cell) };
}

/** npm start keeps the key in the data folder, and tells it to its workers, whatever the environment says. */
async function examineCredentials(
  { data, environment }: Patient,
  store: Store | undefined,
): Promise<readonly Finding[]> {
  const place = data === undefined ? "POMBO_CREDENTIALS_KEY" : `${data.path}/credentials-key`;
  const text = data === undefined ? environment["POMBO_CREDENTIALS_KEY"] : data.credentialsKey;
  const found = data === undefined ? [] : await secrets(data.path, ["credentials-key"]);
  const read = await readCredentialKeys(text, place);
  if (read.kind === "findings") return [...found, ...read.findings];
  if (store === undefined) return [...found, soundKey(place)];
  return [...found, ...(await examineSeals(read.keys, store))];
}
