import { DEFAULT_SETTINGS, type Settings } from "@pombo/domain";
import { DEVICE_ROUTES } from "./device-routes.ts";
import { messageRoutes } from "./message-routes.ts";
import { META_ROUTES } from "./meta-routes.ts";

/** The route table under the given limits: one row per route. */
export function routeTable(settings: Settings) {
  return { ...messageRoutes(settings), ...DEVICE_ROUTES, ...META_ROUTES };
}

/** The route table under the default limits. */
export const ROUTES = routeTable(DEFAULT_SETTINGS);

export type RouteTable = ReturnType<typeof routeTable>;
export type RouteName = keyof RouteTable;
