import { defineConfig } from "vitest/config";

const SOURCES = "{apps,packages}/*/src/**";

// What starts processes, or speaks over real sockets for seconds. A new one is called `*.system.test.ts`.
const SYSTEM = [
  `${SOURCES}/*.system.test.ts`,
  "ops/**/*.system.test.ts",
  "apps/*/src/main.test.ts",
  "apps/api/src/{devices,outage}.test.ts",
  "packages/device/src/{credential-faults,endings,key-upkeep,pairing,refused-logins,sending,signed-prekey,watchdog}.test.ts",
  "packages/redis/src/{redis,topologies}.test.ts",
  "packages/simulator/src/{companions,conformance,fault-conformance,hostile,persistence}.test.ts",
];

// The whole product, as a person starts it, where a crowded machine would change what is seen: one after the other.
const ALONE = ["e2e/holds.test.ts", "e2e/chaos/*.test.ts"];

// What takes long and whose rules other tests watch as well, `npm run trials`: every crash point of every content, every cell of codes and
// dialects, every alert, media, uploads, pools and devices that end. `npm test` has fifteen minutes, also on a slow machine.
const TRIALS = [
  "e2e/{alerts,batch-contents,batch-sending,bulk,bulk-upload,changed-number,cli,contents,crash,crash-contents,endings,every-code,held-endings}.test.ts",
  "e2e/{faults,media,media-taken-back,pool-holds,pools,preview,redis-full,schedule,suppressions,traces,wuts-sends}.test.ts",
  "e2e/console/{actions,dead-letters,further-actions,sessions}.test.ts",
];
const TRIALS_ALONE = ["e2e/{cut-off,fleet,live-events}.test.ts", "e2e/final-answers/*.test.ts"];

// What is waited for comes late on a busy machine.
const PATIENT = { poll: { timeout: 15_000 } };

// Real processes that are killed and connections that are cut, beside each other on few cores: what fails is tried once more, and named.
const RETRY = 1;

function whole(name: string, include: string[], exclude: string[] = []) {
  const patience = { expect: PATIENT, testTimeout: 120_000, hookTimeout: 150_000, retry: RETRY };
  return { test: { name, include, exclude: ["**/node_modules/**", ...exclude], ...patience } };
}

function oneByOne(name: string, include: string[]) {
  return { test: { ...whole(name, include).test, maxWorkers: 1 } };
}

export default defineConfig({
  test: {
    // Tests wait more than they compute: one worker a core, not one less.
    maxWorkers: "100%",
    projects: [
      // The fast loop, `npm run check`: rules, tables, properties, parts by themselves.
      {
        test: {
          name: "unit",
          expect: PATIENT,
          // Files follow each other in one process: to load everything anew for each took more than half of the time. Who changes
          // what is everybody's (clocks, the console) puts it back.
          isolate: false,
          include: [`${SOURCES}/*.test.ts`, "ops/**/*.test.ts"],
          exclude: ["**/node_modules/**", ...SYSTEM],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      // With `npm test` only.
      {
        test: {
          name: "system",
          expect: PATIENT,
          include: SYSTEM,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          retry: RETRY,
        },
      },
      // The whole product, as a person starts it.
      whole("e2e", ["e2e/**/*.test.ts"], [...ALONE, ...TRIALS, ...TRIALS_ALONE]),
      oneByOne("alone", ALONE),
      // With `npm run trials` only.
      whole("trials", TRIALS),
      oneByOne("trials-alone", TRIALS_ALONE),
    ],
  },
});
