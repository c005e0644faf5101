import { join } from "node:path";
import { CLASSES, SHAPES } from "@pombo/sdk/table";
import { defineConfig, type Plugin } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  base: "/console/",
  plugins: [routeTableWrittenOut()],
  build: {
    // `light-dark()` and what else the style sheets use is in all of them.
    target: ["chrome123", "edge123", "firefox120", "safari17.5"],
    // The policy of the console allows no inline script, and its own modules only.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // Says which page loads what: the budgets are held against it.
    manifest: true,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      // "use client" means nothing here.
      checks: { moduleLevelDirective: false },
    },
  },
});

/**
 * The client's route table is made from the contract's schemas, which bring zod (and zod probes `new Function`, which the policy forbids).
 * Its data is all that a browser needs: it is written out here, as the published package of the client does.
 */
function routeTableWrittenOut(): Plugin {
  const table = join("packages", "sdk", "src", "table.ts");
  return {
    name: "route-table-written-out",
    enforce: "pre",
    load: (id) => {
      if (!id.endsWith(table)) return undefined;
      const rows = Object.entries({ SHAPES, CLASSES });
      return rows
        .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`)
        .join("");
    },
  };
}
