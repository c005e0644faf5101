import { defineConfig } from "vitest/config";

const SOURCES = "{apps,packages}/*/src/**";

export default defineConfig({
  test: {
    // Tests wait more than they compute: one worker a core, not one less.
    maxWorkers: "100%",
    projects: [
      // The fast loop, `npm run check`: rules, tables, properties, parts by themselves.
      {
        test: {
          name: "unit",
          include: [`${SOURCES}/*.test.ts`],
          exclude: ["**/node_modules/**", `${SOURCES}/*.system.test.ts`],
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      // With `npm test` only: what starts processes or speaks over real sockets for seconds.
      {
        test: {
          name: "system",
          include: [`${SOURCES}/*.system.test.ts`],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      // The whole product, as a person starts it.
      {
        test: {
          name: "e2e",
          include: ["e2e/**/*.test.ts"],
          testTimeout: 90_000,
          hookTimeout: 90_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
