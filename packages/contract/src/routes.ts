import { DEFAULT_SETTINGS, type Settings } from "@pombo/domain";
import type { z } from "zod";
import { API_KEY_ROUTES } from "./api-key-routes.ts";
import { BATCH_ROUTES } from "./batch-routes.ts";
import { DEVICE_ROUTES } from "./device-routes.ts";
import { eventRoutes } from "./event-routes.ts";
import { FLEET_ROUTES } from "./fleet-routes.ts";
import { DIRECTORY_ROUTES } from "./directory-routes.ts";
import { LANE_ROUTES } from "./lane-routes.ts";
import { letterRoutes } from "./letter-routes.ts";
import { MEDIA_ROUTES } from "./media-routes.ts";
import { messageRoutes } from "./message-routes.ts";
import { META_ROUTES } from "./meta-routes.ts";
import { OVERVIEW_ROUTES } from "./overview.ts";
import { poolRoutes } from "./pool-routes.ts";
import { WEBHOOK_ROUTES } from "./webhook-routes.ts";
import { sessionRoutes } from "./session-routes.ts";
import { SANDBOX_ROUTES } from "./sandbox-routes.ts";
import { SUPPRESSION_ROUTES } from "./suppression-routes.ts";
import { wutsRoutes } from "./wuts-routes.ts";

/** The route table under the given limits: one row per route. Making the schemas takes its time: the last table is kept. */
export function routeTable(settings: Settings): RouteTable {
  const limits = JSON.stringify(settings);
  if (last?.limits !== limits) last = { limits, table: makeTable(settings) };
  return last.table;
}

let last: { readonly limits: string; readonly table: RouteTable } | undefined;

function makeTable(settings: Settings) {
  return {
    ...messageRoutes(settings),
    ...BATCH_ROUTES,
    ...DEVICE_ROUTES,
    ...LANE_ROUTES,
    ...poolRoutes(settings),
    ...DIRECTORY_ROUTES,
    ...letterRoutes(settings),
    ...SUPPRESSION_ROUTES,
    ...MEDIA_ROUTES,
    ...API_KEY_ROUTES,
    ...eventRoutes(settings),
    ...WEBHOOK_ROUTES,
    ...FLEET_ROUTES,
    ...OVERVIEW_ROUTES,
    ...SANDBOX_ROUTES,
    ...META_ROUTES,
    ...wutsRoutes(settings),
    ...sessionRoutes(settings),
  };
}

/** The route table under the default limits. */
export const ROUTES = routeTable(DEFAULT_SETTINGS);

export type RouteTable = ReturnType<typeof makeTable>;
export type RouteName = keyof RouteTable;

type Parsed<Row, Part extends string> = Row extends { readonly [P in Part]: infer Schema }
  ? Schema extends z.ZodType
    ? z.output<Schema>
    : undefined
  : undefined;

/** What a request brings, after parsing; undefined for a part that the route does not take. */
export interface RouteInput<Name extends RouteName> {
  readonly params: Parsed<RouteTable[Name], "params">;
  readonly query: Parsed<RouteTable[Name], "query">;
  readonly body: Parsed<RouteTable[Name], "body">;
}
