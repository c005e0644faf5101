import type { Settings } from "@pombo/domain";
import { json, refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { renderOverview } from "../render-overview.ts";
import type { Overviewer } from "../take-overview.ts";
import { limited } from "./devices.ts";

export interface OverviewDeps {
  readonly overviewer: Overviewer;
  readonly settings: Settings;
}

const WINDOW_S = 3_600;
const STEP_S = 60;

/** `GET /v1/overview`: for keys that may see every device. */
export function getOverview({ overviewer, settings }: OverviewDeps): Handler<"getOverview"> {
  return async ({ caller, query }) => {
    if (caller.devices !== "*") return refuse(limited);
    const { window_s: windowS = WINDOW_S, step_s: stepS = STEP_S } = query;
    return json(200, renderOverview(await overviewer.take(), { windowS, stepS }, settings));
  };
}
